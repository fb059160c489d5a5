"""What is to be done next about an incident. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class NextAct(StrEnum):
    """What comes first."""

    TAKE = "take"
    """Nobody leads yet."""
    CONFIRM = "confirm"
    """Nobody has confirmed its level."""
    MEND = "mend"
    """It goes on, and monitors will say when it is over."""
    SAY = "say"
    """It goes on, and only people can say when it is over."""
    REPORT = "report"
    MEASURE = "measure"
    """Nobody has named a measure yet."""
    KEEP = "keep"
    """Measures are named, and not done."""
    CLOSE = "close"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class IncidentStanding:
    """How far an incident is."""

    is_closed: bool
    is_led: bool
    is_confirmed: bool
    is_recovered: bool
    is_measured: bool
    """Whether monitors say when it is over."""
    is_drill: bool
    has_report: bool
    """Whether its final report is approved."""
    measures: int
    """How many measures there are."""
    undone: int
    """How many of them are not done."""


def next_act(stands: IncidentStanding) -> NextAct:
    """Return what comes first."""
    ongoing = NextAct.MEND if stands.is_measured else NextAct.SAY
    owed = not stands.is_drill
    steps = (
        (stands.is_closed, NextAct.NOTHING),
        (not stands.is_led and not stands.is_recovered, NextAct.TAKE),
        (not stands.is_confirmed and not stands.is_recovered, NextAct.CONFIRM),
        (not stands.is_recovered, ongoing),
        (owed and not stands.measures, NextAct.MEASURE),
        (owed and not stands.has_report, NextAct.REPORT),
        (owed and bool(stands.undone), NextAct.KEEP),
    )
    return next((act for applies, act in steps if applies), NextAct.CLOSE)
