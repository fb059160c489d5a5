"""Why an alert was notified to somebody, or was not: place by place, and stage by stage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from toban.engine.notify.deciding import records
from toban.engine.notify.models import Alert, Delivery, StageOutcome
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.stages import STAGES, TIMING
from toban.message import Message

ROUTE, GROUP, SEND = "route", "group", "send"
ORDER = (ROUTE, *STAGES, TIMING, GROUP, SEND)
"""All stages, in the order in which a notification passes them."""


class StageWord(StrEnum):
    """What a stage decided."""

    PASSED = "passed"
    STOPPED = "stopped"
    WAITING = "waiting"
    """The notification is on its way."""
    NOT_ASKED = "not-asked"
    """An earlier stage had stopped it."""


@dataclass(frozen=True, slots=True)
class StageStep:
    """A stage's decision about a notification."""

    stage: str
    word: StageWord
    reason: NoticeReason | None = None
    """None for the last stage, which the receipt describes, and for a stage that was not asked."""


@dataclass(frozen=True, slots=True)
class NoticePlace:
    """A possible destination of the alert's notifications: a channel, or recipients without a channel."""

    destination: str
    """Empty if the recipients can't be reached."""
    recipients: tuple[str, ...]
    ordered_by: Message
    """The citation of the document's row."""
    outcomes: tuple[StageOutcome, ...] = field(default=())
    """The oldest first."""
    deliveries: tuple[Delivery, ...] = field(default=())
    """The oldest first."""

    @property
    def newest(self) -> Delivery | None:
        """The newest delivery that arrived, or else the newest of all."""
        arrived = [each for each in self.deliveries if each.state == Delivery.State.DELIVERED]
        return next(iter(reversed(arrived or self.deliveries)), None)

    @property
    def decisive(self) -> StageOutcome | None:
        """The outcome that answers why: the last that let a notification pass, or else the last of all."""
        passed = [each for each in self.outcomes if each.passed]
        return next(iter(reversed(passed or self.outcomes)), None)

    @property
    def steps(self) -> tuple[StageStep, ...]:
        """Every stage's decision in the decisive outcome, and how the sending ended."""
        decisive, newest = self.decisive, self.newest
        said = steps_of(decisive) if decisive is not None else {}
        if newest is not None:
            said[SEND] = StageStep(SEND, _SENT[Delivery.State(newest.state)])
        return tuple(said.get(stage, StageStep(stage, StageWord.NOT_ASKED)) for stage in ORDER)


_SENT = {
    Delivery.State.WAITING: StageWord.WAITING,
    Delivery.State.DELIVERED: StageWord.PASSED,
    Delivery.State.FAILED: StageWord.STOPPED,
}


def steps_of(outcome: StageOutcome) -> dict[str, StageStep]:
    """Return the decision of each stage that was asked, by its name."""
    said = {}
    for number, (stage, reason) in enumerate(outcome.trail, 1):
        is_last = number == len(outcome.trail)
        word = StageWord.STOPPED if is_last and not outcome.passed else StageWord.PASSED
        said[stage] = StageStep(stage, word, NoticeReason(reason))
    if outcome.passed:
        for stage in (TIMING, GROUP):
            said.setdefault(stage, StageStep(stage, StageWord.PASSED))
    return said


def places(alert: Alert) -> tuple[NoticePlace, ...]:
    """Return every place that the matrix, an assumption or an escalation named, the first named first."""
    outcomes = list(alert.outcomes.order_by("pk"))
    deliveries = list(
        Delivery.objects.filter(announcement__alerts=alert).select_related("announcement").order_by("pk")
    )
    return tuple(_places(outcomes, deliveries))


def _places(outcomes: Sequence[StageOutcome], deliveries: Sequence[Delivery]) -> Iterator[NoticePlace]:
    told: Sequence[StageOutcome | Delivery] = [*outcomes, *deliveries]
    for key in dict.fromkeys(map(_place, told)):
        said = tuple(each for each in outcomes if _place(each) == key)
        sent = tuple(each for each in deliveries if _place(each) == key)
        # A delivery by a fallback channel or an escalation has no outcome: it names its recipients itself.
        last: StageOutcome | Delivery = said[-1] if said else sent[-1]
        yield NoticePlace(last.destination, tuple(last.recipients), last.rule_citation, said, sent)


def _place(each: StageOutcome | Delivery) -> records.Place:
    return records.place(each.destination, each.rule_id, each.recipients)
