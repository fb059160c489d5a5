"""The works of the run ledger that carry out remedies. What they do is in the audit log."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies.remedy import Remedy
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.notify.models import Alert
from toban.engine.runs.models import RunLog
from toban.engine.runs.parameters import Parameter, ParameterKind
from toban.engine.runs.steps.failing import failing
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.triggered import is_triggered
from toban.engine.runs.work import RunTurn, Step, Work
from toban.message import Message, from_json

YES, NO = "yes", "no"
_ORDERED = Schedule(Cadence.ON_DEMAND)


def works(plan: IncidentPlan, clock: Clock = system_clock) -> Mapping[str, Work]:
    """Return the works of the remedies of *plan*, by key."""
    found: dict[str, list[PlannedRemedy]] = defaultdict(list)
    for each in plan.remedies:
        # One remedy may be that of several rows: it is never done twice at once.
        found[each.key].append(each)
    return {key: _work(some, plan, clock) for key, some in found.items()}


def targets_of(remedies: Sequence[PlannedRemedy]) -> Sequence[str]:
    """Return what *remedies* may mend."""
    return tuple(dict.fromkeys(target for each in remedies for target in each.targets))


def _work(remedies: Sequence[PlannedRemedy], plan: IncidentPlan, clock: Clock) -> Work:
    first, act = remedies[0], _Act(remedies[0], clock)
    is_irreversible = first.kind.is_irreversible
    asks = ApprovalTerms(plan.manager, within=first.config.approval_within, is_irreversible=is_irreversible)
    apply = Step(
        "apply",
        act.apply,
        approval=asks if is_irreversible else None,
        bound=first.bound,
        is_needed=lambda turn: not _is_rehearsal(turn),
    )
    return Work(
        key=first.key,
        clause_id=first.row.id,
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        steps=(Step("look", act.look, only_looks=True), apply, Step("record", act.record)),
        schedule=_ORDERED,
        system=plan.system,
        timeout=first.config.timeout,
        parameters=tuple(_parameters(targets_of(remedies))),
        trigger=Message("incident-remedies.trigger", failures=[each.row.name for each in remedies]),
        mode=first.config.mode,
        asks=asks,
        bound=first.bound,
    )


def _parameters(targets: Sequence[str]) -> Iterator[Parameter]:
    yield Parameter(
        "target",
        Message("incident-remedies.parameter-target"),
        targets[0] if targets else "Web",
        kind=ParameterKind.CHOICE if targets else ParameterKind.TEXT,
        choices=tuple(targets),
        default=targets[0] if len(targets) == 1 else "",
        is_required=True,
    )
    text, number = ParameterKind.TEXT, ParameterKind.NUMBER
    yield Parameter("instance", Message("incident-remedies.parameter-instance"), "web-1", kind=text)
    yield Parameter("alert", Message("incident-remedies.parameter-alert"), "12", kind=number, least="1")
    yield Parameter(
        "dry_run",
        Message("incident-remedies.parameter-dry-run"),
        YES,
        kind=ParameterKind.CHOICE,
        choices=(YES, NO),
        default=NO,
    )


def _is_rehearsal(turn: RunTurn) -> bool:
    return turn.parameters.get("dry_run") == YES


@dataclass(frozen=True, slots=True)
class _Act:
    """What a run does; each step may be repeated after a kill."""

    planned: PlannedRemedy
    clock: Clock

    def look(self, turn: RunTurn) -> object:
        """Return what the remedy would do now: the evidence for those who are asked."""
        with failing(turn):
            found = self._opened(turn).rehearse(turn)
        turn.say(found.said)
        return {"said": found.said.as_json(), "facts": dict(found.facts)}

    def apply(self, turn: RunTurn) -> object:
        """Do it, unless what wanted it is over: the run may have waited for an approval."""
        if _is_wanted(turn):
            turn.say(Message("incident-remedies.begins", bound=self.planned.bound))
            with failing(turn):
                said = self._opened(turn).apply(turn, _looked(turn)["facts"])
        elif _has_begun(turn):
            # Its worker died, or it failed, and it may have mended before: to say "not done" would be untrue.
            said = Message("incident-remedies.broke-off")
        else:
            return {"applied": False}
        turn.say(said)
        return {"applied": True, "said": said.as_json()}

    def record(self, turn: RunTurn) -> Message:
        """Write what was done into the evidence, once."""
        target = turn.parameters["target"]
        if _is_rehearsal(turn):
            return Message("incident-remedies.rehearsed", said=from_json(_looked(turn)["said"]))
        done = turn.results.get("apply")
        if not (isinstance(done, dict) and done.get("applied")):
            return Message("incident-remedies.no-longer-needed", target=target)
        content = {
            "event": "remedy-applied",
            "remedy": self.planned.name,
            "target": target,
            "instance": turn.parameters.get("instance", ""),
            "alert": turn.parameters.get("alert", ""),
            "said": done["said"],
        }
        record_once(turn.run_id, content, self.clock())
        said = from_json(done["said"])
        return Message("incident-remedies.applied", remedy=self.planned.name, target=target, said=said)

    def _opened(self, turn: RunTurn) -> Remedy:
        return self.planned.opened(turn.parameters["target"], settings.HOME, settings.PARTS.ports)


def _looked(turn: RunTurn) -> Mapping[str, Any]:
    """Return what the first step has found; there is no later one without it."""
    found = turn.results["look"]
    return found if isinstance(found, dict) else {}


def _has_begun(turn: RunTurn) -> bool:
    """Return whether an attempt of a run began to act: `apply` first logs that it begins."""
    return RunLog.objects.filter(run=turn.run_id, step="apply").exists()


def _is_wanted(turn: RunTurn) -> bool:
    """Return whether the alert that wanted a run is still open; what a person ordered is wanted."""
    if not is_triggered(turn.run_id):
        return True
    return Alert.objects.filter(pk=turn.parameters["alert"], resolved_at=None).exists()
