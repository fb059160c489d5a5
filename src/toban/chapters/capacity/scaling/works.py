"""The works of the run ledger that bring a group to another size. What they do is in the audit log."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from django.conf import settings

from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.scaler import GroupSize, Scaler
from toban.chapters.capacity.scaling import policies
from toban.chapters.capacity.scaling.looking import seen_of
from toban.chapters.capacity.scaling.rules import Outcome, decide
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.runs.parameters import Parameter, ParameterKind
from toban.engine.runs.rules import RunReason
from toban.engine.runs.steps.failing import failing
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.triggered import is_triggered
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import Message, plain

_ORDERED = Schedule(Cadence.ON_DEMAND)
_HIGHEST = 10_000


def works(
    plan: CapacityPlan, clock: Clock = system_clock, store: Callable[[], Telemetry] = telemetry
) -> Mapping[str, Work]:
    """Return the works of the groups that Toban scales, by key."""
    found: dict[str, Work] = {}
    for group in plan.groups:
        # Two rules about one group have one work: it is never scaled twice at once.
        if group.is_ours and group.key not in found:
            found[group.key] = _work(group, plan, clock, store)
    return found


def _work(group: Group, plan: CapacityPlan, clock: Clock, store: Callable[[], Telemetry]) -> Work:
    rules = tuple(each for each in plan.groups if each.key == group.key)
    act = _Act(rules, clock, store)
    most = group.most or _HIGHEST
    return Work(
        key=group.key,
        clause_id=group.row.id,
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        steps=(Step("look", act.look), Step("scale", act.scale), Step("record", act.record)),
        schedule=_ORDERED,
        system=plan.system,
        timeout=group.config.timeout,
        parameters=(
            Parameter(
                "to",
                Message("capacity.parameter-to"),
                "3",
                kind=ParameterKind.COUNT,
                least="1",
                most=str(most),
                is_required=True,
            ),
            Parameter("reason", Message("capacity.parameter-reason"), "campaign", kind=ParameterKind.TEXT),
        ),
        # How far it goes costs money; from which load on is a threshold like others.
        conditions=tuple(said for rule in rules for said in (rule.row.action, f"≤ {rule.most or most}")),
        trigger=plain(group.row.trigger_text),
        mode=group.config.mode,
        asks=ApprovalTerms(plan.manager, within=group.config.approval_within),
        bound=group.bound,
    )


@dataclass(frozen=True, slots=True)
class _Act:
    """What a run does; both steps may be repeated after a kill."""

    rules: tuple[Group, ...]
    """The same group by each of the rules about it."""
    clock: Clock
    store: Callable[[], Telemetry]

    @property
    def group(self) -> Group:
        return self.rules[0]

    def look(self, turn: RunTurn) -> object:
        """Return the group's size before; refuse to scale beside the provider."""
        with self._opened(turn) as scaler:
            size = scaler.size()
            if wrong := policies.wrong_of(self.group, scaler, size):
                raise StepFailed(wrong, RunReason.NOT_RUNNABLE)
        turn.say(
            Message("capacity.size-before", group=self.group.name, size=size.wanted, serving=size.serving)
        )
        return {"wanted": size.wanted}

    def scale(self, turn: RunTurn) -> object:
        """Bring the group to the ordered size, unless the load that wanted it has gone."""
        to, before = int(turn.parameters["to"]), _before(turn)
        with self._opened(turn) as scaler:
            if not self._is_needed(turn, scaler, to, before):
                return {"scaled": False}
            scaler.resize(to, turn)
            size = scaler.size()
        if size.serving < to:
            said = Message("capacity.not-all-serve", group=self.group.name, to=to, serving=size.serving)
            raise StepFailed(said, RunReason.FAILED)
        return {"scaled": True}

    def record(self, turn: RunTurn) -> Message:
        """Write the change into the evidence, once."""
        to, before, done = int(turn.parameters["to"]), _before(turn), turn.results.get("scale")
        if not (isinstance(done, dict) and done.get("scaled")):
            return Message("capacity.no-longer-needed", group=self.group.name)
        content = {"event": "group-scaled", "group": self.group.name, "before": before, "after": to}
        record_once(turn.run_id, content, self.clock())
        return Message("capacity.scaled", group=self.group.name, before=before, after=to)

    def _is_needed(self, turn: RunTurn, scaler: Scaler, to: int, before: int) -> bool:
        """Return whether a run that a rule has ordered is to go on: it may have waited for an approval."""
        size = scaler.size()
        if size.most is not None and to > size.most:
            said = Message("capacity.provider-allows-less", to=to, most=size.most)
            raise StepFailed(said, RunReason.NOT_RUNNABLE)
        if not is_triggered(turn.run_id):
            return True
        # A rule only adds: what somebody has made larger meanwhile is not made smaller.
        if size.wanted > to:
            return False
        # What a killed attempt has begun is finished.
        if size.wanted != before:
            return True
        return Outcome.SCALE in [self._outcome(rule, size) for rule in self.rules]

    def _outcome(self, rule: Group, size: GroupSize) -> Outcome:
        try:
            return decide(rule.terms, seen_of(rule, size, self.store(), self.clock())).outcome
        except (StoreUnavailable, StoreRefused) as error:
            raise StepFailed(Message("capacity.no-store"), RunReason.FAILED) from error

    @contextmanager
    def _opened(self, turn: RunTurn) -> Iterator[Scaler]:
        """Open the scaler; what fails there fails the step."""
        with failing(turn), closing(self.group.opened(settings.HOME, settings.PARTS.ports)) as scaler:
            yield scaler


def _before(turn: RunTurn) -> int:
    found = turn.results.get("look")
    return int(found["wanted"]) if isinstance(found, dict) else 0
