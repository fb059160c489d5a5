"""From a row's condition to a status for the page and signals for the notifications. Pure.

The page shows the row by its worst instance. Notifications cover every instance: people who know that one
host is out of bounds must also be notified of the second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from toban.chapters.monitoring import wording
from toban.chapters.monitoring.measuring.feeds import JudgedMonitor
from toban.chapters.monitoring.measuring.shared import Instance
from toban.chapters.monitoring.measuring.suspects import NOBODY, Suspects
from toban.chapters.monitoring.rules import InstanceWatch, deciding
from toban.design.values.metric import Metric
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.routing.muting import around
from toban.engine.notify.signal import PROBED_BY, UNDECIDED, UNREACHABLE, WHOLE_TARGET, Condition, Signal
from toban.message import NOTHING, Message, plain, sentences

_VERDICTS = {
    None: Verdict.NOT_MEASURABLE,
    Condition.OK: Verdict.CONFORMING,
    Condition.WARNING: Verdict.WARNING,
    Condition.CRITICAL: Verdict.DEVIATING,
    Condition.NO_DATA: Verdict.NOT_MEASURABLE,
}
_BAD = (Condition.CRITICAL, Condition.NO_DATA)


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """A running monitor and all its instances, at least one."""

    judged: JudgedMonitor
    watches: Sequence[InstanceWatch]
    aside: Message = NOTHING
    """A remark about the instances: that there may be more than are seen."""
    is_unreachable: bool = False
    """Whether nothing that probes its target has had an answer lately."""
    suspects: Suspects = NOBODY
    """The instances of its target of which it is being decided whether they are down."""
    probes: Mapping[Instance, str] = field(default_factory=dict)
    """Instance of a target → the alert of another target that the place of both is down."""
    resting: frozenset[str] = frozenset()
    """The instances that were reported as normal last, and still are: there is nothing to signal."""

    @property
    def decides(self) -> InstanceWatch:
        """The instance that determines the row's status."""
        return deciding(self.watches, self.judged.limits)


def status(row: MonitorReport, now: datetime) -> StatusUpdate:
    """Return what the page shows next to the row."""
    watch = row.decides
    reason = wording.reason_words(watch, row.judged.limits)
    several = len(row.watches) > 1
    return StatusUpdate(
        clause_id=row.judged.monitor.id,
        verdict=Verdict.BETWEEN if watch.is_between else _VERDICTS[watch.condition],
        value=wording.value_words(watch, row.judged.limits, names_instance=several),
        reason=reason if row.aside == watch.note else sentences(reason, row.aside),
        observed_at=watch.measured_at or now,
        # As long as a living worker waits for the next reading: then it says itself that none came.
        every=row.judged.limits.patience,
        proof={
            "instance": watch.instance,
            "metric": row.judged.limits.metric.value,
            "value": watch.value,
            "measured_at": watch.measured_at.isoformat() if watch.measured_at else None,
            "began_at": watch.began_at.isoformat(),
            "reason": watch.reason.value,
            "instances": len(row.watches),
        },
    )


def signals(row: MonitorReport, now: datetime) -> Iterator[Signal]:
    """Yield what may need a notification, by instance; nothing as long as nothing is known."""
    known = [each for each in row.watches if each.condition is not None and each.instance not in row.resting]
    conditions = {watch.condition for watch in row.watches}
    for watch in known:
        is_silent = watch.condition is Condition.NO_DATA
        value = wording.value_words(watch, row.judged.limits, names_instance=False)
        value = (watch.note or Message("monitoring.no-value-arrived")) if is_silent else value
        labels = {WHOLE_TARGET: "yes"} if len(conditions) == 1 else {}
        if row.is_unreachable and watch.condition in _BAD:
            labels[UNREACHABLE] = "yes"
        if watch.condition is not Condition.OK and _is_undecided(row, watch):
            labels[UNDECIDED] = "yes"
        if watch.condition is not Condition.OK and (probe := _probe(row, watch)):
            labels[PROBED_BY] = probe
        several = len(row.watches) > 1
        yield _signal(row.judged, watch, now, value=value, labels=labels, names_instance=several)


def _is_undecided(row: MonitorReport, watch: InstanceWatch) -> bool:
    """Return whether more may be known in a moment: that its instance is down, or that others are, too."""
    if row.judged.limits.metric is Metric.UP:
        return watch.condition is Condition.CRITICAL and bool(row.suspects.instances - {watch.instance})
    return row.suspects.explain(watch.instance)


def _probe(row: MonitorReport, watch: InstanceWatch) -> str:
    places = (row.probes.get((row.judged.target, place), "") for place in around(watch.instance))
    return next(filter(None, places), "")


def gone(judged: JudgedMonitor, watch: InstanceWatch, now: datetime) -> Signal:
    """Return that *watch* is no longer measured: any trouble of its instance is over."""
    ended = replace(watch, condition=Condition.OK, began_at=now)
    value = Message("monitoring.no-longer-measured")
    return _signal(judged, ended, now, value=value, labels={}, names_instance=True)


def _signal(
    judged: JudgedMonitor,
    watch: InstanceWatch,
    now: datetime,
    *,
    value: Message,
    labels: Mapping[str, str],
    names_instance: bool,
) -> Signal:
    monitor = judged.monitor
    return Signal(
        key=f"{monitor.id}/{watch.instance}",
        clause_id=monitor.id,
        citation=str(monitor.origin),
        clause_text=monitor.text,
        condition=watch.condition or Condition.OK,
        subject=wording.subject(monitor, watch.instance if names_instance else ""),
        value=value,
        limit=wording.limit_words(watch.condition, judged.limits),
        began_at=watch.began_at,
        detected_at=now,
        advice=plain(monitor.response),
        labels={
            "target": judged.target,
            "item": judged.limits.metric.value,
            "instance": watch.instance,
            **labels,
        },
    )
