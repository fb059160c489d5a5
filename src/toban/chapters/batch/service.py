"""Chapter 6 at work: reports on the batches' runs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from toban.chapters.batch import practice, report
from toban.chapters.batch.report import BatchReport
from toban.chapters.batch.works import BatchPlan
from toban.engine.approvals.requests import went_ahead
from toban.engine.evidence import status
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, mode_now
from toban.engine.notify import alerts
from toban.engine.notify.signal import Signal
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.standing import WorkStatus, last_shadows, standings
from toban.message import NOTHING

_LATELY = timedelta(hours=1)
"""Events are announced this late at most: a worker that was away longer has other things to report."""


def tell(plan: BatchPlan, now: datetime, digest: str) -> None:
    """Show every batch's status and report what is wrong."""
    if not plan.works:
        return
    standings_now = standings(plan.works, now)
    unreviewed = went_ahead(batch.id for batch in plan.batches.values())
    decided = modes.decisions()
    modes_now = {key: mode_now(schedule_act(work), decided) for key, work in plan.works.items()}
    shadows = last_shadows([key for key, mode in modes_now.items() if mode is Mode.SHADOW])
    rows = {
        key: BatchReport(
            batch,
            plan.works[key],
            standings_now.get(key, WorkStatus()),
            unreviewed.get(batch.id, NOTHING),
            modes_now[key],
            shadows.get(key),
        )
        for key, batch in plan.batches.items()
    }
    signals = [each for row in rows.values() for each in report.signals(row, now)]
    updates = [report.status(row, now) for row in rows.values()]
    updates += practice.statuses(plan.practice, plan.works, now)
    with transaction.atomic():
        status.show(updates, now, digest)
        alerts.report(signals, now, digest)
        alerts.tell(list(_events(rows, now)), now, digest)


def _events(rows: Mapping[str, BatchReport], now: datetime) -> Iterator[Signal]:
    """Yield the recent events of the batches that announce them."""
    telling = [key for key, row in rows.items() if row.work.announces_start or row.work.announces_end]
    if not telling:
        return
    lately = Q(began_at__gt=now - _LATELY) | Q(ended_at__gt=now - _LATELY)
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in Run.objects.filter(lately, work__in=telling):
        runs[run.work].append(run)
    for key in telling:
        yield from report.events(rows[key], runs[key], now)
