"""検知 within so many minutes: a promise of the document, held against the alerts themselves."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from toban.design.clauses.decisions import Decision
from toban.design.reader import Design
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.notify.words import spell

_LATELY = timedelta(days=30)
_MOST = 10_000
_WORDS = ("検知", "detect")


def statuses(design: Design, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of every decision that promises how soon trouble is detected."""
    promised = list(promises(design))
    lags = _lags(now) if promised else ()
    for decision, length in promised:
        yield _status(decision, length, lags, now)


def promises(design: Design) -> Iterator[tuple[Decision, timedelta]]:
    """Yield the decisions that promise it, and what they promise."""
    for each in design.of(Decision):
        if each.promised is not None and _is_detection(each):
            yield each, each.promised.as_timedelta()


def _is_detection(decision: Decision) -> bool:
    said = f"{decision.name} {decision.content}".lower()
    return any(word in said for word in _WORDS)


def _lags(now: datetime) -> Sequence[timedelta]:
    """From the first measurement out of bounds to Toban's decision, of the document's own alerts lately."""
    own = Alert.objects.filter(opened_at__gte=now - _LATELY, ends_at=None).order_by("-id")
    return [opened - began for opened, began in own.values_list("opened_at", "began_at")[:_MOST]]


def _status(
    decision: Decision, promised: timedelta, lags: Sequence[timedelta], now: datetime
) -> StatusUpdate:
    if not lags:
        reason = "この30日にアラートがないので、まだ確かめられません"
        return StatusUpdate(decision.id, Verdict.NOT_MEASURABLE, "", reason, now)
    longest, late = max(lags), sum(lag > promised for lag in lags)
    value = f"最長 {spell(longest)} (30日で {len(lags)}件)"
    proof = {"alerts": len(lags), "late": late, "longest_seconds": f"{longest.total_seconds():.3f}"}
    if late:
        reason = f"{late}件が {spell(promised)} を超えました"
        return StatusUpdate(decision.id, Verdict.DEVIATING, value, reason, now, proof=proof)
    reason = "範囲外の最初の測定から、判定までの長さ"
    return StatusUpdate(decision.id, Verdict.CONFORMING, value, reason, now, proof=proof)
