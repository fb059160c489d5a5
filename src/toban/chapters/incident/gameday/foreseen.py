"""What a game day is going to do: what it breaks, what mends it, and who or what should answer."""

from collections.abc import Iterator

from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies.works import works as remedy_works
from toban.engine.modes.rules import Mode, mode_now, word
from toban.engine.modes.service import decisions
from toban.engine.runs.modes.acts import schedule_act
from toban.message import Message


def foreseen(planned: PlannedGameDay, plan: IncidentPlan) -> Iterator[Message]:
    """Yield what is about to be broken and mended, and what is expected to mend it before."""
    breaks, restore = (" ".join(each) for each in (planned.config.breaks, planned.config.restore))
    yield Message("incident-gameday.will-break", failure=planned.row.name, command=breaks)
    remedies = plan.remedies_of(planned.row)
    for remedy in remedies:
        mode = _mode(remedy, plan)
        yield Message("incident-gameday.will-mend", remedy=remedy.name, mode=word(mode))
        if mode is not Mode.ACT:
            yield Message(f"incident-gameday.only-{mode}", remedy=remedy.name)
    if not remedies:
        yield Message("incident-gameday.will-not-mend")
    yield Message("incident-gameday.will-restore", command=restore)
    if not planned.is_told:
        yield Message("incident-gameday.nobody-told")


def _mode(remedy: PlannedRemedy, plan: IncidentPlan) -> Mode:
    """Return the mode in which *remedy* is now: people may have moved it."""
    work = remedy_works(plan).get(remedy.key)
    return mode_now(schedule_act(work), decisions()) if work is not None else remedy.config.mode
