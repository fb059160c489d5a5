"""What the calendar makes next."""

from collections.abc import Mapping
from datetime import datetime

from toban.engine.modes.rules import Mode, mode_now
from toban.engine.modes.service import decisions
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.work import Work


def coming(works: Mapping[str, Work]) -> Mapping[str, datetime]:
    """Return when the calendar has each of *works*, which hold game days, run next, by key.

    What is in shadow is not made, and what somebody has called off is not made then.
    """
    planned = PlannedWork.objects.filter(key__in=list(works), in_force=True)
    due = {key: at for key, at in planned.values_list("key", "next_due") if at is not None}
    if not due:
        return {}
    off = Run.objects.filter(work__in=list(due), due_at__in=set(due.values()), state=Run.State.SKIPPED)
    skipped = set(off.values_list("work", "due_at"))
    decided = decisions()
    return {
        key: at
        for key, at in due.items()
        if (key, at) not in skipped and mode_now(schedule_act(works[key]), decided) is not Mode.SHADOW
    }
