"""A remedy that another work of the run ledger carries out: it is ordered once, and waited for."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from toban.chapters.incident.remedies.remedy import RemedyFailed
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.work import RunTurn
from toban.message import Message


@dataclass(frozen=True, slots=True)
class OrderedRun:
    """A work, and the remedy that orders it."""

    key: str
    remedy: str
    look: float = 0.5
    """Seconds between two looks at how it stands."""

    def carry_out(self, parameters: Mapping[str, str], turn: RunTurn) -> Message:
        """Have it run once for the remedy's run, and return its result; raise `RemedyFailed`."""
        run = self._ordered(parameters, turn)
        while run.state in Run.OPEN:
            turn.progress(run.progress_percent, Message("incident-remedies.waits-for-run", run=run.pk))
            end = time.monotonic() + self.look
            while time.monotonic() < end:
                if turn.why_stop() is not None:
                    said = Message("incident-remedies.run-goes-on", run=run.pk, work=self.key)
                    raise RemedyFailed(said, retry=True)
                time.sleep(min(0.2, self.look))
            run.refresh_from_db()
        if run.state != Run.State.DONE:
            said = Message("incident-remedies.run-failed", run=run.pk, work=self.key, why=run.note)
            raise RemedyFailed(said, hint=Message("incident-remedies.read-the-run", run=run.pk), retry=True)
        return Message("incident-remedies.run-done", run=run.pk, work=self.key, said=run.note)

    def _ordered(self, parameters: Mapping[str, str], turn: RunTurn) -> Run:
        by = f"remedy/{self.remedy}"[:150]
        # An attempt that was cut off may have ordered it: remedies of one name never overlap.
        mine = Run.objects.filter(work=self.key, ordered_by=by, due_at__gte=turn.due_at)
        if (found := mine.order_by("-pk").first()) is not None:
            return found
        try:
            return orders.order(self.key, parameters, by=by, now=system_clock())
        except NotPossible as refused:
            raise RemedyFailed(refused.said, hint=refused.hint) from refused
