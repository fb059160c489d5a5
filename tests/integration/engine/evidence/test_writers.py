"""Several processes write evidence at the same time, with each database."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_concurrent_processes_write_one_unbroken_chain(database: str, request: pytest.FixtureRequest) -> None:
    environment = request.getfixturevalue(database)

    writers = [
        subprocess.Popen([sys.executable, str(PROGRAM), str(TIMES)], env=environment) for _ in range(WRITERS)
    ]

    assert [writer.wait(timeout=120) for writer in writers] == [0] * WRITERS
    report = subprocess.run(
        [sys.executable, "-c", REPORT], env=environment, check=True, capture_output=True, text=True
    )
    appended = WRITERS * TIMES
    # One verdict entry more than what was appended: the first status.
    assert report.stdout.split() == ["None", str(appended + 1), str(appended), str(appended)]
