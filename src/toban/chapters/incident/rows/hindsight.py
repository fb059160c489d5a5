"""Whether a changed level's times would have been kept in the incidents that there were. See `HINDSIGHT`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.incident.clocks.rules import IncidentTimes, limits_of
from toban.chapters.incident.figures import IncidentSpan
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.spans import spans_of
from toban.design.clauses.incident import IncidentLevel
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.question import Hindsight, HindsightQuestion, unknown
from toban.engine.tasks.works import hours_of
from toban.message import Message

_TIMES = "times"


@dataclass(frozen=True, slots=True)
class KeptTimes:
    """In how many incidents each of the two times was kept; without a limit it can't be broken."""

    response: int
    recovery: int

    def as_json(self) -> Mapping[str, object]:
        """Return it as JSON values."""
        return {"response_kept": self.response, "recovery_kept": self.recovery}


def recall(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield in how many incidents of the level its times were kept, and would have been."""
    old, new = question.change.old, question.change.new
    if not (isinstance(old, IncidentLevel) and isinstance(new, IncidentLevel)):
        return
    plan = question.old.plan(OPERATION)
    spans = spans_of(plan, question.since, question.now)
    found = [each for each in spans if each.counts and each.level == old.name]
    if not found:
        yield unknown(_TIMES, Message("hindsight.no-incidents", level=old.name))
        return
    was = _kept(found, old, question.old, question.now)
    will = _kept(found, new, question.new, question.now)
    said = Message(
        "hindsight.times-kept",
        count=len(found),
        response=will.response,
        former_response=was.response,
        recovery=will.recovery,
        former_recovery=was.recovery,
    )
    values = {"incidents": len(found), "old": was.as_json(), "new": will.as_json()}
    is_adverse = will.response < was.response or will.recovery < was.recovery
    yield Hindsight(_TIMES, (said,), values, is_adverse)


def _kept(spans: Sequence[IncidentSpan], level: IncidentLevel, edition: Edition, now: datetime) -> KeptTimes:
    plan = edition.plan(OPERATION)
    hours = hours_of((plan.manager,), edition.design)
    clocks = []
    for each in spans:
        limits = limits_of(
            level, each.detected_at, immediate=plan.config.immediate, system=plan.system, hours=hours
        )
        times = IncidentTimes(each.detected_at, each.responded_at, each.recovered_at, limits)
        clocks.append((times.response(now), times.recovery(now)))
    return KeptTimes(
        sum(not response.state.is_broken for response, _ in clocks),
        sum(not recovery.state.is_broken for _, recovery in clocks),
    )


HINDSIGHT = {IncidentLevel: recall}
