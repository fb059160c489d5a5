"""Detection (検知) within a promised time: the document's promise compared with the actual alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef

from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.engine.amounts import length
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample, Judge, Judgement
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.notify.models import Alert, AnnouncedAlert, Delivery, StageOutcome
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.signal import EVENT, Condition
from toban.message import Message, lines, plain

_LATELY = timedelta(days=30)
_MOST = 10_000
_FOLLOWED = 1_000
"""The newest alerts, whose notifications are followed to their arrival; that decides nothing."""
_NAMED = 10
"""The number of late alerts that are named."""


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


def judge(decision: Decision, _edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about how soon trouble is detected. See `Judge`."""
    if decision.promised is None:
        raise AssertionError("a promise to detect names a time")
    return judged(decision.promised.as_timedelta(), _stories(now))


def _stories(now: datetime) -> Sequence[DetectionTimes]:
    """Return the document's own recent alerts; mere events (a handover) are not trouble, nor is a verdict.

    What another alert inhibited is not detected by itself: that one is counted.
    """
    own = Alert.objects.filter(opened_at__gte=now - _LATELY, ends_at=None).exclude(condition=Condition.INFO)
    own = own.exclude(clause_id__startswith=f"{Decision.chapter}/").exclude(labels__has_key=EVENT)
    inhibited = StageOutcome.objects.filter(alert=OuterRef("pk"), reason=NoticeReason.MUTED)
    own = own.exclude(Exists(inhibited) & ~Exists(AnnouncedAlert.objects.filter(alert=OuterRef("pk"))))
    found = list(own.order_by("-id").values_list("id", "began_at", "opened_at")[:_MOST])
    told = _first_arrivals([alert for alert, _, _ in found[:_FOLLOWED]])
    return [DetectionTimes(*row, told.get(row[0])) for row in found]


def _first_arrivals(alerts: Sequence[int]) -> Mapping[int, datetime]:
    """Return when *alerts*, newest first, first reached someone, as far as they did."""
    if not alerts:
        return {}
    arrived = Delivery.objects.filter(
        state=Delivery.State.DELIVERED, announcement__alerts__id__range=(alerts[-1], alerts[0])
    )
    first = arrived.values_list("announcement__alerts").annotate(Min("settled_at"))
    return {alert: at for alert, at in first if at is not None}


def judged(promised: timedelta, stories: Sequence[DetectionTimes]) -> Judgement:
    """Judge by the slowest of *stories*. Pure."""
    if not stories:
        return Judgement(verdict=Verdict.NOT_DUE, reason=Message("objectives.no-alert-to-check"))
    slowest = max(stories, key=lambda story: story.lag)
    late = [story for story in stories if story.lag > promised]
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
    return Judgement(
        verdict=Verdict.DEVIATING if late else Verdict.CONFORMING,
        reason=reason,
        value=Message("objectives.longest-detection", length=length(slowest.lag), count=len(stories)),
        against=[_counter_example(story) for story in late[:_NAMED]],
        proof=proof,
    )


def _counter_example(story: DetectionTimes) -> CounterExample:
    said = Message("objectives.alert-detected-after", alert=story.alert, length=length(story.lag))
    return CounterExample(said, Link("alert", plain(f"#{story.alert}"), (story.alert,)))


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


ASSERTIONS: Mapping[DecisionSubject, Judge] = {DecisionSubject.DETECTION: judge}
