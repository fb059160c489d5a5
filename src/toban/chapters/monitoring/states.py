"""Converts watches to rows of the state database and back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from toban.chapters.monitoring.models import MonitorState
from toban.chapters.monitoring.rows import Watches
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.chapters.monitoring.windows import Slot
from toban.engine.notify.signal import Condition

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


def replace(before: Mapping[str, Watches], after: Mapping[str, Watches]) -> None:
    """Write the differences of the rows *after* from *before*, in the caller's transaction."""
    changed = []
    for clause_id, watches in after.items():
        former = before.get(clause_id, {})
        forget(clause_id, former.keys() - watches.keys())
        changed += [_state(clause_id, each) for each in watches.values() if each != former.get(each.instance)]
    MonitorState.objects.bulk_create(
        changed,
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
