"""Django's settings. What an operator may set comes from the environment; the manual lists each name."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import django_stubs_ext

django_stubs_ext.monkeypatch()

HOME = Path(os.environ.get("TOBAN_HOME", "var")).absolute()
STATE_URL = os.environ.get("TOBAN_STATE_URL", f"sqlite:///{HOME}/state.sqlite3")
PUBLIC_URL = os.environ.get("TOBAN_PUBLIC_URL", "http://127.0.0.1:8300")


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path.removeprefix("/") if parts.path.startswith("//") else parts.path,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            },
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.removeprefix("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def _secret_key() -> str:
    path = HOME / "secret-key"
    return path.read_text() if path.exists() else "only-for-tools-that-never-serve-a-page"


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "127.0.0.1", "127.0.0.1", "localhost"]
DATABASES = {"default": _database(STATE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
LANGUAGE_CODE = "ja"
AUTH_USER_MODEL = "people.Operator"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "toban.engine.people",
    "toban.engine.evidence",
    "toban.engine.notify",
    "toban.chapters.monitoring",
    "toban.faces.web",
]
