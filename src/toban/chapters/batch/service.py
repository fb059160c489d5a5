"""Chapter 6 at work: what came of the batches' runs is told."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from toban.chapters.batch import report
from toban.chapters.batch.report import Row
from toban.chapters.batch.works import BatchPlan
from toban.engine.bindings.due import next_due
from toban.engine.bindings.model import System
from toban.engine.clock import Clock
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import alerts
from toban.engine.runs.models import Run

_OPEN = (Run.State.WAITING, Run.State.RUNNING)


class Batches:
    """The batches of the edition in force. One thread drives `tell`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plan: BatchPlan | None = None
        self._system = System()
        self._digest = ""

    def adopt(self, plan: BatchPlan, system: System, digest: str) -> None:
        """Tell of *plan* from now on."""
        self._system, self._digest = system, digest
        self._plan = plan

    def tell(self) -> None:
        """Show every batch's status and report what is wrong."""
        plan, now = self._plan, self._clock()
        if plan is None:
            return
        rows = list(self._rows(plan, now))
        signals = [each for row in rows if (each := report.signal(row, now)) is not None]
        updates = [*(report.status(row, now) for row in rows), *_rules_kept(plan, now)]
        with transaction.atomic():
            status.show(updates, now, self._digest)
            alerts.report(signals, now, self._digest)

    def _rows(self, plan: BatchPlan, now: datetime) -> Iterator[Row]:
        for key, batch in plan.batches.items():
            runs = Run.objects.filter(work=key)
            yield Row(
                batch,
                key,
                last=runs.filter(due_at__lte=now).exclude(state__in=_OPEN).order_by("-due_at").first(),
                current=runs.filter(state__in=_OPEN, due_at__lte=now).order_by("due_at").first(),
                next_due=next_due(batch, self._system, now),
                zone=self._system.zone,
            )


def _rules_kept(plan: BatchPlan, now: datetime) -> Iterator[StatusUpdate]:
    for retry in plan.retries:
        reason = f"つないだバッチ {len(plan.works)} 件が、失敗するとこの規則で再試行されます"
        yield StatusUpdate(retry.id, Verdict.CONFORMING, str(retry.rule), reason, now)
