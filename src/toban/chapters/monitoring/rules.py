"""Readings to conditions: pure decisions, each with a named reason.

A condition worsens as soon as its threshold has held for as long as the document says (継続, 連続). It
improves only after `recovery` better readings in a row, and an alert ends only inside the row's
normal range: the gap between normal and warning in many rows acts as hysteresis. Silence for
`patience` is a separate condition, which ends no alert.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from toban.chapters.monitoring.limits import LimitZone, MetricLimit, MonitorLimits
from toban.chapters.monitoring.source import Measurement
from toban.chapters.monitoring.windows import Slot, added, complete, mean
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message

_GRADE = {Condition.OK: 0, Condition.WARNING: 1, Condition.CRITICAL: 2}
_REACHED = frozenset((LimitZone.WARNING, LimitZone.CRITICAL))
_WORST_FIRST = (Condition.CRITICAL, Condition.WARNING, Condition.NO_DATA, None, Condition.OK)


class ConditionReason(StrEnum):
    """Why a monitored instance has its condition."""

    WAITING = "waiting"
    """Nothing has been measured yet."""
    NORMAL = "normal"
    BETWEEN = "between"
    """Neither normal nor a warning: the row says nothing about such a value, and it raises no alert."""
    FILLING = "filling"
    """The readings do not cover the time yet over which the document averages them."""
    STARTING = "starting"
    """A threshold is reached by what Toban itself does at its start."""
    HOLDING = "holding"
    """A threshold is reached, but not yet for as long as the document says."""
    REACHED = "reached"
    NOT_YET_NORMAL = "not-yet-normal"
    """Below the threshold again, but outside the normal range."""
    RECOVERING = "recovering"
    """Better, but not for enough readings in a row."""
    SILENT = "silent"


_BETWEEN = frozenset((ConditionReason.BETWEEN, ConditionReason.HOLDING, ConditionReason.STARTING))


@dataclass(frozen=True, slots=True)
class InstanceWatch:
    """One instance of one monitor: its condition, and what the next decision needs to remember."""

    instance: str
    condition: Condition | None
    """None: not known yet, either way."""
    began_at: datetime
    """When the first measurement in this condition was made."""
    reason: ConditionReason = ConditionReason.WAITING
    value: float | None = None
    measured_at: datetime | None = None
    note: Message = NOTHING
    """An explanation of the value, or why there is none."""
    warning_since: datetime | None = None
    """The time since which the warning threshold has been reached without a break."""
    critical_since: datetime | None = None
    calm: int = 0
    """Consecutive readings that were better than the condition."""
    calm_since: datetime | None = None
    calm_toward: Condition | None = None
    """The worst condition that any of the calm readings would have led to."""
    recent: tuple[Slot, ...] = ()
    """What the row's own window needs of earlier readings; empty if it needs none."""
    last_known: Condition | None = None
    """The last condition that a value decided: silence ends no alert."""

    @property
    def is_at_rest(self) -> bool:
        """Whether the next decision needs nothing but its condition: not even when it was last measured."""
        is_open = self.warning_since is not None or self.critical_since is not None or self.calm > 0
        return self.condition is Condition.OK and not is_open and not self.recent

    @property
    def is_between(self) -> bool:
        """Whether its value is out of the normal range without a warning, or not for long enough."""
        return self.condition in (Condition.OK, None) and self.reason in _BETWEEN


def observe(watch: InstanceWatch, reading: Measurement, limits: MonitorLimits) -> InstanceWatch:
    """Return *watch* after *reading*."""
    unbroken = watch.measured_at is not None and reading.at - watch.measured_at < limits.patience
    recent = _recent(watch.recent if unbroken else (), reading, limits)
    value = _compared(recent, reading, limits)
    if value is None:
        return replace(
            watch,
            condition=None,
            reason=ConditionReason.FILLING,
            value=None,
            measured_at=reading.at,
            note=reading.note,
            recent=recent,
            warning_since=None,
            critical_since=None,
        )
    judged = _judged(replace(watch, recent=recent), replace(reading, value=value), limits, unbroken=unbroken)
    is_start = reading.is_own_start and judged.reason is ConditionReason.HOLDING
    return replace(judged, reason=ConditionReason.STARTING) if is_start else judged


def _recent(slots: tuple[Slot, ...], reading: Measurement, limits: MonitorLimits) -> tuple[Slot, ...]:
    if limits.slots is None:
        return ()
    width, length = limits.slots
    return added(slots, reading.at, reading.value, width=width, length=length)


def _compared(recent: Sequence[Slot], reading: Measurement, limits: MonitorLimits) -> float | None:
    """Return the value that is compared with the limits: the reading's own, or the mean of the window."""
    if limits.averaged is None or limits.slots is None:
        return reading.value
    return mean(recent, reading.at, limits.averaged, limits.slots[0])


def _judged(
    watch: InstanceWatch, reading: Measurement, limits: MonitorLimits, *, unbroken: bool
) -> InstanceWatch:
    seen = replace(
        watch,
        value=reading.value,
        measured_at=reading.at,
        note=reading.note,
        warning_since=_reached_since(limits.warning, reading, watch.warning_since if unbroken else None),
        critical_since=_reached_since(limits.critical, reading, watch.critical_since if unbroken else None),
    )
    fired = _fired(seen, limits, reading.at)
    current = watch.condition
    if current is None or current is Condition.NO_DATA:
        return _resumed(seen, fired, limits, reading)
    if _GRADE[fired] > _GRADE[current]:
        return _entered(seen, fired, limits, since=_began(seen, fired, reading.at))
    return _eased(seen, current, fired, limits, reading)


def not_ahead(watch: InstanceWatch, now: datetime) -> InstanceWatch:
    """Return *watch* with no time later than *now*: the clock has been set back.

    Hold times start again now, and the last measurement counts from now.
    """

    def until_now(moment: datetime | None) -> datetime | None:
        return None if moment is None else min(moment, now)

    return replace(
        watch,
        began_at=min(watch.began_at, now),
        measured_at=until_now(watch.measured_at),
        warning_since=until_now(watch.warning_since),
        critical_since=until_now(watch.critical_since),
        calm_since=until_now(watch.calm_since),
    )


def is_silent(
    watch: InstanceWatch, limits: MonitorLimits, *, listening_since: datetime, now: datetime
) -> bool:
    """Say whether at *now* it has been without a reading for too long.

    `listening_since` is when Toban began to measure: its own absence does not count as silence.
    """
    # ">=": a check exactly on the limit has waited long enough.
    return now - _last_heard(watch, listening_since) >= limits.patience


def silence(
    watch: InstanceWatch, limits: MonitorLimits, *, listening_since: datetime, why: Message, now: datetime
) -> InstanceWatch:
    """Return *watch* at *now*, when no reading has arrived; *why* is the source's own complaint."""
    if not is_silent(watch, limits, listening_since=listening_since, now=now):
        return watch
    if watch.condition is Condition.NO_DATA:
        return replace(watch, note=why)
    return InstanceWatch(
        watch.instance,
        Condition.NO_DATA,
        began_at=_last_heard(watch, listening_since),
        reason=ConditionReason.SILENT,
        value=watch.value,
        measured_at=watch.measured_at,
        note=why,
        last_known=watch.last_known,
    )


def _last_heard(watch: InstanceWatch, listening_since: datetime) -> datetime:
    return max(watch.measured_at or listening_since, listening_since)


def deciding(watches: Iterable[InstanceWatch], limits: MonitorLimits) -> InstanceWatch:
    """Return the instance that represents the row: the worst, and among equals the most extreme."""

    def badness(watch: InstanceWatch) -> tuple[int, bool, float]:
        gravity = limits.gravity(watch.value) if watch.value is not None else float("-inf")
        return -_WORST_FIRST.index(watch.condition), watch.is_between, gravity

    return max(watches, key=badness)


def _reached_since(
    limit: MetricLimit | None, reading: Measurement, since: datetime | None
) -> datetime | None:
    if limit is None or reading.is_own_start or not limit.is_reached_by(reading.value):
        return None
    return since or reading.at


def _fired(watch: InstanceWatch, limits: MonitorLimits, now: datetime) -> Condition:
    """Return the worst condition whose threshold has held as long, or as often, as it must."""
    if _has_held(limits.critical, watch.critical_since, watch, limits, now):
        return Condition.CRITICAL
    if _has_held(limits.warning, watch.warning_since, watch, limits, now):
        return Condition.WARNING
    return Condition.OK


def _has_held(
    limit: MetricLimit | None,
    since: datetime | None,
    watch: InstanceWatch,
    limits: MonitorLimits,
    now: datetime,
) -> bool:
    if limit is None:
        return False
    if limit.tally is not None:
        measured = complete(watch.recent, limit.tally.of, limits.interval)
        return sum(limit.is_reached_by(each.mean) for each in measured) >= limit.tally.times
    # ">=": a reading exactly at 5分 completes 5分継続.
    return since is not None and now - since >= limit.hold


def _began(watch: InstanceWatch, condition: Condition, now: datetime) -> datetime:
    since = {Condition.CRITICAL: watch.critical_since, Condition.WARNING: watch.warning_since}
    return since.get(condition) or now


def _resumed(
    watch: InstanceWatch, fired: Condition, limits: MonitorLimits, reading: Measurement
) -> InstanceWatch:
    """Decide on the first reading, or the first after silence.

    There is no reason to wait, but none to call anything over either: what was wrong before stays wrong until
    a value is normal, and a threshold that has not held for long enough leaves the condition open.
    """
    before = _borne_out(reading.value, watch.last_known or Condition.OK, limits)
    condition = max(fired, before, key=_GRADE.__getitem__)
    if condition is Condition.OK and limits.standing(reading.value) in _REACHED:
        return replace(watch, condition=None, reason=ConditionReason.HOLDING)
    return _entered(watch, condition, limits, since=_began(watch, condition, reading.at))


def _entered(
    watch: InstanceWatch, condition: Condition, limits: MonitorLimits, *, since: datetime
) -> InstanceWatch:
    began_at = watch.began_at if condition is watch.condition else since
    return replace(
        watch,
        condition=condition,
        last_known=condition,
        began_at=began_at,
        reason=_reason(watch, condition, limits),
        calm=0,
        calm_since=None,
        calm_toward=None,
    )


def _reason(watch: InstanceWatch, condition: Condition, limits: MonitorLimits) -> ConditionReason:
    if condition is not Condition.OK:
        return ConditionReason.REACHED
    standing = limits.standing(watch.value) if watch.value is not None else LimitZone.NORMAL
    if standing in _REACHED:
        return ConditionReason.HOLDING
    return ConditionReason.BETWEEN if standing is LimitZone.BETWEEN else ConditionReason.NORMAL


def _eased(
    watch: InstanceWatch, current: Condition, fired: Condition, limits: MonitorLimits, reading: Measurement
) -> InstanceWatch:
    """Decide on a reading that requires nothing worse than the *current* condition."""
    toward = max(fired, _borne_out(reading.value, current, limits), key=_GRADE.__getitem__)
    if _GRADE[toward] >= _GRADE[current]:
        kept = _entered(watch, current, limits, since=watch.began_at)
        is_between = limits.standing(reading.value) is LimitZone.BETWEEN and current is not Condition.OK
        return replace(kept, reason=ConditionReason.NOT_YET_NORMAL) if is_between else kept
    toward = max(toward, watch.calm_toward or Condition.OK, key=_GRADE.__getitem__)
    since = watch.calm_since or reading.at
    if watch.calm + 1 >= limits.recovery and reading.at - since >= limits.settling:
        return _entered(watch, toward, limits, since=since)
    return replace(
        watch, reason=ConditionReason.RECOVERING, calm=watch.calm + 1, calm_since=since, calm_toward=toward
    )


def _borne_out(value: float, current: Condition, limits: MonitorLimits) -> Condition:
    """Return the condition that *value* alone supports, at most the *current* one."""
    match limits.standing(value):
        case LimitZone.NORMAL:
            return Condition.OK
        case LimitZone.BETWEEN:
            # Not over, but no longer critical if the row has a warning to fall back to.
            milder = Condition.WARNING if limits.warning is not None else Condition.CRITICAL
        case LimitZone.WARNING:
            milder = Condition.WARNING
        case LimitZone.CRITICAL:
            milder = Condition.CRITICAL
    return min(milder, current, key=_GRADE.__getitem__)
