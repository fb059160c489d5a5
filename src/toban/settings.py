"""Django's settings. What an operator may set comes from the environment; the manual lists each name."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from django.utils.translation import get_language

from toban import catalogue, wiring
from toban.engine.state.reach import is_news
from toban.secret_key import secret_key
from toban.state_url import database, impatient

django_stubs_ext.monkeypatch()

PACKAGE = Path(__file__).parent
PARTS = wiring.parts()
"""What is registered: extensions bring apps, pages, templates and static files."""
HOME = Path(os.environ.get("TOBAN_HOME", "var")).absolute()
STATE_URL = os.environ.get("TOBAN_STATE_URL", f"sqlite:///{HOME}/state.sqlite3")
RUNS_AT_ONCE = int(os.environ.get("TOBAN_RUNS_AT_ONCE", "16"))
API_PER_MINUTE = int(os.environ.get("TOBAN_API_PER_MINUTE", "300"))
API_PATH = "/rest/v1/"
PUBLIC_URL = os.environ.get("TOBAN_PUBLIC_URL", "http://127.0.0.1:8300")


def beside_pages(name: str) -> list[Path]:
    """Return every folder *name* next to pages: those of no extension, and those of each."""
    ours = [PACKAGE / "faces" / "web" / subject / name for subject in ("calendar", "document")]
    brought = [folder for each in PARTS.extensions for folder in each.beside_pages(name)]
    return [*(folder for folder in ours if folder.is_dir()), *brought]


def _telemetry_url() -> str:
    """Return the store's address: as configured, else that of the store that this home's `toban up` runs."""
    path = HOME / "telemetry-url"
    return os.environ.get("TOBAN_TELEMETRY_URL") or (path.read_text() if path.exists() else "")


PAGE_STATIC = beside_pages("static")
TELEMETRY_URL = _telemetry_url()


_OWN_KEY = secret_key(os.environ.get("TOBAN_SECRET_KEY", ""), HOME)
HAS_SECRET_KEY = bool(_OWN_KEY)
"""Whether the key is secret: without one, nothing is served, and nothing of other nodes believed."""
SECRET_KEY = _OWN_KEY or "only-for-tools-that-never-serve-a-page"
DEBUG = False
ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "127.0.0.1", "127.0.0.1", "localhost"]
DATABASES = {"default": impatient(database(STATE_URL))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
LANGUAGE_CODE = catalogue.DOCUMENTS_LANGUAGE
LANGUAGES = [("ja", "日本語"), ("en", "English")]
# One answer to who is being spoken to, for pages and messages alike.
catalogue.follow(get_language)
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
AUTH_USER_MODEL = "people.Operator"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "toban.faces.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    *(app for extension in PARTS.extensions for app in extension.apps),
]
ROOT_URLCONF = "toban.faces.web.urls"
MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "toban.faces.web.gate.Gate",
    "toban.faces.web.storable.StorableRequests",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "faces" / "public" / "templates", *beside_pages("templates")],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["toban.faces.web.templatetags.pages"],
            "libraries": {each.name: each.tags for each in PARTS.extensions if each.tags},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
# Limits and used codes work only if all processes share them, never per process.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "toban_cache",
        # A full cache evicts by the order of its keys, not by age: with Django's 300 entries, requests of
        # many strangers would lift the limit of one, and make used codes valid again.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "toban.engine.people.passwords.DocumentPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "toban.engine.people.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
# Failures are counted by `toban.engine.people.attempts`: allauth's limit locks an account for everybody. The
# other one only bounds what a flood costs. Its 30 a minute locked out a company behind one address.
# What users report without signing in: of one visitor, and of all together.
ACCOUNT_RATE_LIMITS = {"login_failed": None, "login": "120/m/ip", "report": "5/h/ip,30/h/key"}
ACCOUNT_FORMS = {"change_password": "toban.engine.people.factors.CountedPasswordForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Toban"
# Clocks of telephones differ: the codes just before and after count, too.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "toban.engine.people.factors.OneUseAuthenticateForm",
    "reauthenticate": "toban.engine.people.factors.OneUseReauthenticateForm",
    "activate_totp": "toban.engine.people.factors.OneUseActivateForm",
}

IS_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if IS_HTTPS else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "toban.faces.web.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
# TLS ends before Toban; an operator who sets PUBLIC_URL to https vouches for the proxy that says so.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    # The second factor's QR code comes as a data: picture.
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
# By default Django would keep errors of the pages to itself: it mails them to nobody.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"news": {"()": "django.utils.log.CallbackFilter", "callback": is_news}},
    "handlers": {"errors": {"class": "logging.StreamHandler", "filters": ["news"]}},
    "loggers": {"django": {"handlers": ["errors"], "level": "ERROR"}},
}
