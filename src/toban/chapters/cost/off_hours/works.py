"""The works of the run ledger that take instances from a group which is not needed.

What changes the number is the group's own work, as for a person's order: there is one way to scale. Giving
back needs no work here: it is ordered whatever the mode is, since a mode is about taking. What is taken is in
the audit log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.chapters.cost.models import QuietGroup
from toban.chapters.cost.off_hours.level import LevelOutcome
from toban.chapters.cost.off_hours.looking import BY, GroupLook, find, looked_at, ordered
from toban.chapters.cost.plan import BoundQuiet, CostPlan
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.engine.runs.parameters import Parameter, ParameterKind
from toban.engine.runs.rules import RunReason
from toban.engine.runs.steps.failing import failing
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.message import Message

_ORDERED = Schedule(Cadence.ON_DEMAND)


def works(plan: CostPlan, edition: Edition, clock: Clock = system_clock) -> Mapping[str, Work]:
    """Return the works of the groups of *plan*, by key."""
    return {each.key: _work(each, edition, clock) for each in plan.quiet}


def _work(bound: BoundQuiet, edition: Edition, clock: Clock) -> Work:
    act = _Lowering(bound, edition, clock)
    config = bound.config
    return Work(
        key=bound.key,
        clause_id=bound.row.id,
        document_digest=edition.design.digest,
        acting_digest=edition.bindings.acting_digest,
        steps=(
            Step("look", act.look, only_looks=True),
            Step("lower", act.lower),
            Step("record", act.record),
        ),
        schedule=_ORDERED,
        system=edition.bindings.system,
        parameters=(
            Parameter(
                "to",
                Message("off-hours.parameter-to"),
                str(bound.terms.least),
                kind=ParameterKind.COUNT,
                least=str(bound.terms.least),
                default=str(bound.terms.least),
            ),
        ),
        conditions=(bound.row.text, f"≥ {bound.terms.least}"),
        trigger=Message("off-hours.trigger", group=bound.group, busy=str(bound.busy)),
        mode=config.mode,
        asks=ApprovalTerms(managing_role(edition.design), within=config.approval_within),
        bound=f"scaling.{bound.group} → {bound.terms.least}",
    )


@dataclass(frozen=True, slots=True)
class _Lowering:
    """What a run does; each step may be repeated after a kill."""

    bound: BoundQuiet
    edition: Edition
    clock: Clock

    def look(self, turn: RunTurn) -> object:
        """Return how many instances there are."""
        found = self._looked(turn)
        turn.say(Message("off-hours.size", group=self.bound.group, size=found.size.wanted, to=self._to(turn)))
        return {"wanted": found.size.wanted}

    def lower(self, turn: RunTurn) -> object:
        """Order the smaller size, unless something needs the group by now."""
        if (run := self._begun(turn)) is not None:
            return {"run": run.pk}
        found, to = self._looked(turn), self._to(turn)
        if found.decision.outcome is not LevelOutcome.LOWER:
            turn.say(found.decision.why or Message("off-hours.needed"))
            return {"run": None}
        # Noted with the order: whatever happens then, what is taken is given back.
        now = self.clock()
        noted = QuietGroup.objects.filter(group=self.bound.group)
        try:
            with transaction.atomic():
                ledger.hold()
                self._demand_state(found.size.wanted, now)
                noted.filter(before=None).update(before=found.size.wanted)
                run = ordered(found.group, to, self.bound.row.name, now)
                noted.update(run=run.pk, lowered_at=now)
        except NotPossible as refused:
            raise StepFailed(refused.said, RunReason.NOT_RUNNABLE) from refused
        return {"run": run.pk}

    def _demand_state(self, wanted: int, now: datetime) -> None:
        """Make sure that there is something to note it in: a person may order this before the first look."""
        QuietGroup.objects.get_or_create(
            group=self.bound.group,
            defaults={
                "measure": self.bound.row.name,
                "looked_at": now,
                "outcome": LevelOutcome.LOWER,
                "since": now,
                "is_needed": False,
                "wanted": wanted,
            },
        )

    def record(self, turn: RunTurn) -> Message:
        """Write what was ordered into the evidence, once."""
        done, looked = turn.results.get("lower"), turn.results.get("look")
        run = done.get("run") if isinstance(done, dict) else None
        if run is None:
            return Message("off-hours.not-lowered", group=self.bound.group)
        before = looked.get("wanted") if isinstance(looked, dict) else None
        content = {
            "event": "off-hours-lowered",
            "measure": self.bound.row.name,
            "group": self.bound.group,
            "before": before,
            "after": self._to(turn),
            "scaling": run,
        }
        record_once(turn.run_id, content, self.clock())
        return Message("off-hours.lowers", group=self.bound.group, before=before, to=self._to(turn), run=run)

    def _begun(self, turn: RunTurn) -> Run | None:
        """Return what an attempt that was cut off has ordered."""
        with failing(turn):
            # Its own key: the bindings may spell its name otherwise.
            key = find(self.edition, self.bound.group).key
        by = f"{BY}{self.bound.row.name}"[:150]
        mine = Run.objects.filter(ordered_by=by, due_at__gte=turn.due_at, parameters__to=str(self._to(turn)))
        return mine.filter(work=key).order_by("pk").first()

    def _looked(self, turn: RunTurn) -> GroupLook:
        before = QuietGroup.objects.filter(group=self.bound.group).values_list("before", flat=True).first()
        with failing(turn):
            return looked_at(self.bound, self.edition, before, self.clock())

    def _to(self, turn: RunTurn) -> int:
        return max(int(turn.parameters.get("to", "0")), self.bound.terms.least)
