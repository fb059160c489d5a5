"""What is known of the groups that have fewer instances when few are needed, and what that has saved."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db.models import Sum

from toban.chapters.cost.models import QuietGroup, SavedTime
from toban.chapters.cost.off_hours.judging import LowerRun, QuietState
from toban.chapters.cost.off_hours.level import LevelOutcome
from toban.chapters.cost.off_hours.saving import Seconds
from toban.chapters.cost.plan import BoundQuiet
from toban.engine.bindings.model import System
from toban.engine.calendar.opening import is_open
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, ModeDecisions, mode_now
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work


def states(
    quiet: Sequence[BoundQuiet], works: Mapping[str, Work], system: System, now: datetime
) -> Mapping[str, Sequence[QuietState]]:
    """Return what is known of each group, by the id of the measure's row."""
    kept, decided = QuietGroup.objects.in_bulk([each.group for each in quiet]), modes.decisions()
    found: dict[str, list[QuietState]] = {}
    for each in quiet:
        state = _state(each, kept.get(each.group), _mode(each, works, decided), system, now)
        found.setdefault(each.row.id, []).append(state)
    return found


def seconds_saved(measure: str, first: date, last: date) -> Seconds:
    """Return what *measure* has saved on each day from *first* to *last*."""
    rows = SavedTime.objects.filter(measure=measure, day__range=(first, last))
    return dict(rows.values("day").annotate(saved=Sum("seconds")).values_list("day", "saved"))


def _mode(each: BoundQuiet, works: Mapping[str, Work], decided: ModeDecisions) -> Mode:
    work = works.get(each.key)
    return each.config.mode if work is None else mode_now(schedule_act(work), decided)


def _state(
    each: BoundQuiet, kept: QuietGroup | None, mode: Mode, system: System, now: datetime
) -> QuietState:
    is_busy = is_open(each.busy, system, now)
    if kept is None:
        return QuietState(each.group, each.terms.least, mode, is_busy)
    return QuietState(
        each.group,
        each.terms.least,
        mode,
        is_busy,
        LevelOutcome(kept.outcome),
        kept.looked_at,
        kept.since,
        kept.wanted,
        kept.serving,
        kept.said,
        kept.before,
        kept.lowered_at,
        _last(each, kept),
    )


def _last(each: BoundQuiet, kept: QuietGroup) -> LowerRun | None:
    run = Run.objects.filter(work=each.key).order_by("-due_at", "-pk").first()
    if run is None or (not kept.is_needed and run.due_at < kept.since):
        return None
    return LowerRun(
        run.pk,
        is_open=run.state in Run.OPEN or _is_scaling(kept),
        awaits_approval=run.reason == RunReason.AWAITING_APPROVAL,
        is_unanswered=run.reason == RunReason.UNANSWERED,
        was_shadow=run.state == Run.State.SHADOW,
        said=run.note,
    )


def _is_scaling(kept: QuietGroup) -> bool:
    return kept.run is not None and Run.objects.filter(pk=kept.run, state__in=Run.OPEN).exists()
