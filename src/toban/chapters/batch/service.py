"""Chapter 6 at work: what came of the batches' runs is told."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from toban.chapters.batch import practice, report
from toban.chapters.batch.report import Row
from toban.chapters.batch.works import BatchPlan
from toban.engine.clock import Clock
from toban.engine.evidence import status
from toban.engine.notify import alerts
from toban.engine.notify.signal import Signal
from toban.engine.runs.models import Run
from toban.engine.runs.standing import Standing, standings

_LATELY = timedelta(hours=1)
"""What is worth knowing is told this late at most: a worker that was away longer has other things to tell."""


class Batches:
    """The batches of the edition in force. One thread drives `tell`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plan: BatchPlan | None = None
        self._digest = ""

    def adopt(self, plan: BatchPlan, digest: str) -> None:
        """Tell of *plan* from now on."""
        self._plan, self._digest = plan, digest

    def tell(self) -> None:
        """Show every batch's status and report what is wrong."""
        plan, now = self._plan, self._clock()
        if plan is None:
            return
        standings_now = standings(plan.works, now)
        rows = {
            key: Row(batch, plan.works[key], standings_now.get(key, Standing()))
            for key, batch in plan.batches.items()
        }
        signals = [each for row in rows.values() for each in report.signals(row, now)]
        updates = [report.status(row, now) for row in rows.values()]
        updates += practice.statuses(plan.practice, plan.works, now)
        with transaction.atomic():
            status.show(updates, now, self._digest)
            alerts.report(signals, now, self._digest)
            alerts.tell(list(_events(rows, now)), now, self._digest)


def _events(rows: Mapping[str, Row], now: datetime) -> Iterator[Signal]:
    """Yield what is worth knowing of late, of the batches that are to say so."""
    telling = [key for key, row in rows.items() if row.work.announces_start or row.work.announces_end]
    if not telling:
        return
    lately = Q(began_at__gt=now - _LATELY) | Q(ended_at__gt=now - _LATELY)
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in Run.objects.filter(lately, work__in=telling):
        runs[run.work].append(run)
    for key in telling:
        yield from report.events(rows[key], runs[key], now)
