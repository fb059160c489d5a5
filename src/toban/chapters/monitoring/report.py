"""A row's condition to what others are told of it: a status for the page, a signal for the notices. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.monitoring import wording
from toban.chapters.monitoring.feeds import Judged
from toban.chapters.monitoring.rules import Watch, deciding
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal

_VERDICTS = {
    None: Verdict.NOT_MEASURABLE,
    Condition.OK: Verdict.CONFORMING,
    Condition.WARNING: Verdict.WARNING,
    Condition.CRITICAL: Verdict.DEVIATING,
    Condition.NO_DATA: Verdict.NOT_MEASURABLE,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A monitor that runs, and all its instances; there is at least one."""

    judged: Judged
    watches: Sequence[Watch]

    @property
    def decides(self) -> Watch:
        """The instance that speaks for the row."""
        return deciding(self.watches, self.judged.limits)

    @property
    def value(self) -> str:
        """The deciding value in words, naming its instance where there are several."""
        several = len(self.watches) > 1
        return wording.value_words(self.decides, self.judged.limits, names_instance=several)


def status(row: Row, now: datetime) -> StatusUpdate:
    """Return what the page shows beside the row."""
    watch = row.decides
    return StatusUpdate(
        clause_id=row.judged.monitor.id,
        verdict=_VERDICTS[watch.condition],
        value=row.value,
        reason=wording.reason_words(watch, row.judged.limits),
        observed_at=watch.measured_at or now,
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


def signal(row: Row, now: datetime) -> Signal | None:
    """Return what may need announcing; nothing before anything is known."""
    watch, monitor = row.decides, row.judged.monitor
    if watch.condition is None:
        return None
    is_silent = watch.condition is Condition.NO_DATA
    return Signal(
        key=monitor.id,
        clause_id=monitor.id,
        citation=str(monitor.origin),
        clause_text=monitor.text,
        condition=watch.condition,
        subject=wording.subject(monitor),
        value=(watch.note or "値が届いていません") if is_silent else row.value,
        limit=wording.limit_words(watch.condition, row.judged.limits),
        began_at=watch.began_at,
        detected_at=now,
        advice=monitor.response,
        labels={
            "target": row.judged.target,
            "item": row.judged.limits.metric.value,
            "instance": watch.instance,
        },
    )
