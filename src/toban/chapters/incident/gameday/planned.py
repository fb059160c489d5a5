"""The game days of an edition: the failures that are bound, with what the document promises of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from toban.chapters.incident.gameday.bindings import FAULTS, GAME_DAYS, FaultBinding
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.design.clauses.incident import FailurePattern
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.contacts import folded

GAME_DAY = "game-day/"
"""Before the keys of the works that hold game days."""


@dataclass(frozen=True, slots=True)
class PlannedGameDay:
    """A failure of the document that can be made."""

    row: FailurePattern
    name: str
    """Of its table, `[faults.NAME]`."""
    config: FaultBinding
    folder: Path
    """Where its commands run: the folder of `toban.toml`."""
    schedule: Schedule
    detect_within: timedelta | None
    """What chapter 13 promises; None if it promises nothing."""
    is_told: bool
    """Whether anybody can be told: a channel is bound."""
    edition: Edition = field(repr=False)

    @property
    def key(self) -> str:
        """The work of the run ledger that holds it."""
        return f"{GAME_DAY}{self.row.name}"


def game_days(edition: Edition) -> Mapping[str, PlannedGameDay]:
    """Return the game days of *edition* by the key of their work, in the order of the document."""
    bindings = edition.bindings
    bound = {folded(name): (name, each) for name, each in FAULTS.of(bindings).items()}
    schedule = GAME_DAYS.of(bindings).schedule or Schedule(Cadence.ON_DEMAND)
    found = (
        PlannedGameDay(
            row,
            *bound[folded(row.name)],
            bindings.folder.absolute(),
            schedule,
            _detection(edition),
            bool(bindings.channels),
            edition,
        )
        for row in edition.design.of(FailurePattern)
        if folded(row.name) in bound and row.symptom is not None
    )
    return {each.key: each for each in found}


def _detection(edition: Edition) -> timedelta | None:
    """Return how soon the document promises to detect; the shortest promise if there are several."""
    promised = (
        row.promised for row in edition.design.of(Decision) if row.subject is DecisionSubject.DETECTION
    )
    return min((each.as_timedelta() for each in promised if each is not None), default=None)
