"""One of several processes that report on the same runs, one day for each line it reads."""

# Django needs its settings before any of its modules is loaded.
# ruff: noqa: PLC0415, T201

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)


def main() -> None:
    """Act as scheduler and job of each day, independently of the other processes."""
    django.setup()
    from toban.design.values.schedule import read_schedule
    from toban.engine.bindings.model import System
    from toban.engine.bindings.secret import Secret
    from toban.engine.runs.elsewhere import reported
    from toban.engine.runs.elsewhere.belonging import ReportWord
    from toban.engine.runs.elsewhere.reported import Report
    from toban.engine.runs.scheduler import plan_due
    from toban.engine.runs.work import ElsewhereReporting, Work

    schedule = read_schedule("日次 12:00")
    if schedule is None:
        raise AssertionError("the schedule is readable")
    work = Work(
        key="B007",
        clause_id="batch/batch/B007",
        document_digest="d" * 64,
        steps=(),
        schedule=schedule,
        system=System(),
        reported=ElsewhereReporting(Secret("env:UNUSED", Path()), timedelta(minutes=30)),
    )
    plan_due([work], NOON - timedelta(hours=1))
    print("ready", flush=True)
    for line in sys.stdin:
        due = NOON + timedelta(days=int(line))
        reported.take(work, Report(ReportWord.START, due + timedelta(seconds=1)))
        plan_due([work], due + timedelta(seconds=2))
        reported.take(work, Report(ReportWord.SUCCESS, due + timedelta(seconds=3)))
        print("done", flush=True)


if __name__ == "__main__":
    main()
