"""Watches in the state database, so that a restart continues where it stopped.

A watch at rest is written once a minute instead of with each reading: a thousand hosts have a hundred
readings a second, of which the next decision needs none.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.monitoring.models import MonitorState
from toban.chapters.monitoring.rows import Watches
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.chapters.monitoring.windows import Slot
from toban.engine.notify.signal import Condition

_KEPT = timedelta(minutes=1)
"""How long the stored value of a watch at rest may be out of date."""

_FIELDS = (
    "condition",
    "began_at",
    "reason",
    "value",
    "measured_at",
    "note",
    "warning_since",
    "critical_since",
    "calm",
    "calm_since",
    "calm_toward",
    "recent",
    "last_known",
)


def load() -> dict[str, Watches]:
    """Return every stored watch, by clause id."""
    found: dict[str, dict[str, InstanceWatch]] = defaultdict(dict)
    for state in MonitorState.objects.all():
        found[state.clause_id][state.instance] = _watch(state)
    return dict(found)


@dataclass(frozen=True, slots=True)
class StateChanges:
    """What must be written of one row."""

    clause_id: str
    changed: Sequence[InstanceWatch]
    gone: Collection[str]
    """The instances that are no longer measured."""
    stored: Watches
    """What is stored once it is written."""


def changes(clause_id: str, stored: Watches, watches: Watches) -> StateChanges:
    """Return what must be written of a row with *watches*, where *stored* are."""
    changed = [each for each in watches.values() if _is_outdated(stored.get(each.instance), each)]
    kept = {name: each for name, each in stored.items() if name in watches}
    now_stored = {**kept, **{each.instance: each for each in changed}}
    return StateChanges(clause_id, changed, stored.keys() - watches.keys(), now_stored)


def _is_outdated(stored: InstanceWatch | None, watch: InstanceWatch) -> bool:
    if stored is watch:
        return False
    if stored is None or not (stored.is_at_rest and watch.is_at_rest):
        return stored != watch
    if (stored.reason, stored.began_at) != (watch.reason, watch.began_at):
        return True
    if stored.measured_at is None or watch.measured_at is None:
        return True
    # "abs": clocks may be set back.
    return abs(watch.measured_at - stored.measured_at) >= _KEPT


def write(rows: Sequence[StateChanges]) -> None:
    """Write the changes of *rows*, in the caller's transaction."""
    for row in rows:
        forget(row.clause_id, row.gone)
    MonitorState.objects.bulk_create(
        [_state(row.clause_id, each) for row in rows for each in row.changed],
        batch_size=50,
        update_conflicts=True,
        unique_fields=["clause_id", "instance"],
        update_fields=_FIELDS,
    )


def forget(clause_id: str, instances: Iterable[str]) -> None:
    """Delete watches whose instance is no longer measured, in the caller's transaction."""
    gone = list(instances)
    if gone:
        MonitorState.objects.filter(clause_id=clause_id, instance__in=gone).delete()


def _watch(state: MonitorState) -> InstanceWatch:
    return InstanceWatch(
        instance=state.instance,
        condition=Condition(state.condition) if state.condition else None,
        began_at=state.began_at,
        reason=ConditionReason(state.reason),
        value=state.value,
        measured_at=state.measured_at,
        note=state.note,
        warning_since=state.warning_since,
        critical_since=state.critical_since,
        calm=state.calm,
        calm_since=state.calm_since,
        calm_toward=Condition(state.calm_toward) if state.calm_toward else None,
        recent=tuple(Slot(datetime.fromisoformat(at), total, count) for at, total, count in state.recent),
        last_known=Condition(state.last_known) if state.last_known else None,
    )


def _state(clause_id: str, watch: InstanceWatch) -> MonitorState:
    return MonitorState(
        clause_id=clause_id,
        instance=watch.instance,
        condition=watch.condition or "",
        began_at=watch.began_at,
        reason=watch.reason,
        value=watch.value,
        measured_at=watch.measured_at,
        note=watch.note,
        warning_since=watch.warning_since,
        critical_since=watch.critical_since,
        calm=watch.calm,
        calm_since=watch.calm_since,
        calm_toward=watch.calm_toward or "",
        recent=[[each.at.isoformat(), each.total, each.count] for each in watch.recent],
        last_known=watch.last_known or "",
    )
