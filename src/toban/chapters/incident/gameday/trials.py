"""What `toban check --live` tries of game days: whether their commands can be started."""

from collections.abc import Iterator
from functools import partial

from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.bindings import toml
from toban.engine.editions.edition import Edition
from toban.engine.runs.commands.programs import unusable
from toban.engine.trial import Doubt, Trial, TrialCode, place_of
from toban.message import Message


def trials(plan: IncidentPlan, edition: Edition) -> Iterator[Trial]:
    """Yield what to try of each failure that can be made; nothing is broken."""
    for planned in plan.game_days.values():
        name = planned.name
        yield Trial(
            TrialCode.GAME_DAY,
            Message("incident-gameday.trial", failure=name),
            place_of(edition.bindings, "faults", name),
            f"[faults.{toml.key(name)}]",
            partial(_doubts, planned),
            Message("incident-gameday.check-commands"),
        )


def _doubts(planned: PlannedGameDay) -> Iterator[Doubt]:
    for program in dict.fromkeys((planned.config.breaks[0], planned.config.restore[0])):
        yield from unusable(program, planned.folder)
