"""Write into the state what a page of each kind shows, as if it had happened: of a run to the end, of others.

Orders are given on the pages themselves by the test; here is what only a worker writes.
"""

# Django needs its settings before any of its modules is loaded.
# ruff: noqa: PLC0415

from datetime import datetime, timedelta

import django


def main() -> None:
    """Write it."""
    django.setup()
    from toban.engine.clock import system_clock

    now = system_clock()
    run = _run(now)
    _release(now)
    _backups(now, run)
    _game_day(now)


def _run(now: datetime) -> int:
    from toban.engine.runs.models import PlannedWork, Run, RunLog
    from toban.engine.runs.rules import RunReason
    from toban.message import plain

    PlannedWork.objects.create(
        key="B004", clause_id="batch/batch/B004", rule="d", timing="日次 4:00", planned_until=now
    )
    run = Run.objects.create(
        work="B004", due_at=now - timedelta(hours=1), clause_id="batch/batch/B004", wake_at=now,
        state=Run.State.FAILED, reason=RunReason.FAILED, began_at=now - timedelta(hours=1), ended_at=now,
    )  # fmt: skip
    RunLog.objects.create(run=run, fence=1, at=now, step="集計", text=plain("集計を始めます"))
    return run.pk


def _release(now: datetime) -> None:
    from toban.chapters.release.models import Release, StoredArtifact

    artifact = StoredArtifact.objects.create(
        service="shop", commit="0123456789" * 4, label="v1.4.2", digest="sha256:ab", ordered_at=now
    )
    Release.objects.create(
        service="shop", environment="本番環境", deployment="shop", artifact=artifact, clause_id="x",
        document_digest="", ordered_by="nami", planned_at=now, ordered_at=now, kind="regular", state="done",
        served_at=now, note="画面の修正",
    )  # fmt: skip


def _backups(now: datetime, run: int) -> None:
    from toban.chapters.backup.models import Backup, Drill

    Backup.objects.create(
        subject="PostgreSQL", label="20261201-0200", clause_id="x", method="full", engine="native",
        engine_version="1", server_version="18.6", system_id="7429", store="S3", started_at=now, ended_at=now,
        restorable_to=now, start_timeline=1, start_lsn="0/1000", end_timeline=1, end_lsn="0/2000",
        stored_bytes=562, source_bytes=2248, verified_at=now,
        objects_stored=[{"key": "PostgreSQL/base.tar", "size": 12, "sha256": "ab" * 32, "sealed": ""}],
    )  # fmt: skip
    Drill.objects.create(
        subject="PostgreSQL", label="20261201-0200", started_at=now, ended_at=now, is_passed=False,
        rpo_seconds=14.2, rto_seconds=5 * 3600, phases={"fetch": 212.4, "recover": 98.2}, run=run,
        checks=[{"name": "行数 orders", "passed": False, "found": "34,099", "wanted": "34,100"}],
    )  # fmt: skip


def _game_day(now: datetime) -> None:
    from toban.chapters.incident.models import GameDay

    GameDay.objects.create(
        pattern="Webサーバーダウン", clause_id="x", document_digest="x", broken_at=now, ended_at=now,
        state=GameDay.State.PASSED,
    )  # fmt: skip


if __name__ == "__main__":
    main()
