"""Detection (検知) within a promised time: the document's promise compared with the actual alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q

from toban.design.clauses.decisions import Decision
from toban.design.reader import Design
from toban.engine.amounts import length
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message, lines

_LATELY = timedelta(days=30)
_MOST = 10_000
_NAMED = 10
"""The number of late alerts that are named."""
_WORDS = ("検知", "detect")


@dataclass(frozen=True, slots=True)
class DetectionTimes:
    """When an alert's trouble began, was detected, and first reached someone."""

    alert: int
    breach: datetime
    detection: datetime
    delivery: datetime | None

    @property
    def lag(self) -> timedelta:
        """The time from the first measurement out of bounds to Toban's decision."""
        return self.detection - self.breach


def statuses(design: Design, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of every decision that promises how soon trouble is detected."""
    promised = list(promises(design))
    stories = _stories(now) if promised else ()
    for decision, soon in promised:
        yield _status(decision, soon, stories, now)


def promises(design: Design) -> Iterator[tuple[Decision, timedelta]]:
    """Yield the decisions that make such a promise, with the promised time."""
    for each in design.of(Decision):
        if each.promised is not None and _is_detection(each):
            yield each, each.promised.as_timedelta()


def _is_detection(decision: Decision) -> bool:
    said = f"{decision.name} {decision.content}".lower()
    return any(word in said for word in _WORDS)


def _stories(now: datetime) -> Sequence[DetectionTimes]:
    """Return the document's own recent alerts; mere events (a handover) are not trouble."""
    own = Alert.objects.filter(opened_at__gte=now - _LATELY, ends_at=None).exclude(condition=Condition.INFO)
    arrived = Q(told_in__deliveries__state=Delivery.State.DELIVERED)
    told = own.annotate(told_at=Min("told_in__deliveries__settled_at", filter=arrived)).order_by("-id")
    return [
        DetectionTimes(*row) for row in told.values_list("id", "began_at", "opened_at", "told_at")[:_MOST]
    ]


def _status(
    decision: Decision, promised: timedelta, stories: Sequence[DetectionTimes], now: datetime
) -> StatusUpdate:
    if not stories:
        reason = Message("objectives.no-alert-to-check")
        return StatusUpdate(decision.id, Verdict.NOT_DUE, NOTHING, reason, now)
    slowest = max(stories, key=lambda story: story.lag)
    late = [story for story in stories if story.lag > promised]
    value = Message("objectives.longest-detection", length=length(slowest.lag), count=len(stories))
    reason = Message("objectives.what-detection-is")
    if late:
        reason = Message(
            "objectives.detected-late", count=len(late), promised=length(promised), alerts=_numbers(late)
        )
    delivered = [story.delivery - story.breach for story in stories if story.delivery is not None]
    if delivered:
        longest = length(max(delivered))
        reason = lines(reason, Message("objectives.longest-delivery", length=longest, count=len(delivered)))
    proof = {
        "alerts": len(stories),
        "late": [_as_proof(story) for story in late[:_NAMED]],
        "slowest": _as_proof(slowest),
        "longest_to_delivery_seconds": f"{max(delivered).total_seconds():.3f}" if delivered else None,
    }
    verdict = Verdict.DEVIATING if late else Verdict.CONFORMING
    return StatusUpdate(decision.id, verdict, value, reason, now, proof=proof)


def _numbers(stories: Sequence[DetectionTimes]) -> Message:
    code = "common.list" if len(stories) <= _NAMED else "objectives.alerts-and-more"
    return Message(code, parts=[story.alert for story in stories[:_NAMED]])


def _as_proof(story: DetectionTimes) -> dict[str, object]:
    return {
        "alert": story.alert,
        "breach": story.breach.isoformat(),
        "detection": story.detection.isoformat(),
        "delivery": story.delivery.isoformat() if story.delivery is not None else None,
        "seconds": f"{story.lag.total_seconds():.3f}",
    }
