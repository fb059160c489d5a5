"""`toban demo` where it can't make a month: it says why, and leaves nothing unfinished."""

from pathlib import Path

from tests.forking import run

RECORD = """
import django; django.setup()
from datetime import UTC, datetime
from toban.engine.evidence.ledger import Record, append
append(Record("audit", {}), now=datetime(2026, 4, 1, tzinfo=UTC))
"""


def test_a_home_with_evidence_is_refused(sqlite: dict[str, str], tmp_path: Path) -> None:
    run(["-c", RECORD], env=sqlite, check=True)

    done = run(["-m", "toban", "demo"], env=sqlite)

    assert done.returncode == 2
    assert "にはもう証跡があります" in done.stderr
    assert "HINT: --home で空のフォルダーを" in done.stderr
    assert not (tmp_path / "unfinished-demo-month").exists()
