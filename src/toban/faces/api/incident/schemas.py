"""What the API shows of incidents, and takes."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from toban.chapters.incident.clocks.rules import ClockState
from toban.chapters.incident.models import Incident
from toban.faces.api.values import AS_WRITTEN, Asked, Moment, Number, Said
from toban.faces.values.incident import MOST_MONTHS

type Words = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]
type Title = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]
type Level = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]
type Targets = Annotated[
    list[Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]], Field(max_length=50)
]
type Alerts = Annotated[list[Number], Field(max_length=200)]
type Account = Annotated[str, Field(max_length=150, pattern=r"^[^\x00]*$")]


class ShownClock(Schema):
    """One of the two clocks of an incident."""

    state: ClockState
    due: str | None
    """Null if its level sets no limit."""
    seconds: float
    """From the detection until it happened, or until now."""


class ShownIncident(Schema):
    """An incident."""

    incident: int
    title: Said
    origin: Incident.Origin
    level: str
    """In the document's words."""
    clause: str
    proposed: str
    """The level that the rule proposes."""
    why: Said | None
    is_confirmed: bool
    """Whether a person has confirmed the level, or given another."""
    targets: list[str]
    commander: str
    scribe: str
    is_drill: bool
    is_public: bool
    public_note: str
    recurs: int | None
    """The former incident whose failure this is again."""
    merged_into: int | None
    began_at: str | None
    detected_at: str | None
    responded_at: str | None
    recovered_at: str | None
    closed_at: str | None
    response: ShownClock
    recovery: ShownClock


class ShownIncidentAlert(Schema):
    """An alert of an incident."""

    alert: int
    clause: str
    subject: Said
    condition: str
    opened_at: str
    resolved_at: str | None
    joined_by: str
    """Empty if the rule joined it."""


class ShownIncidentLevel(Schema):
    """A level that the incident had."""

    at: str
    level: str
    by: str
    """Empty if it was the rule."""
    reason: Said | None


class ShownStep(Schema):
    """A step of the document's flow."""

    step: int
    words: str
    done_at: str | None
    by: str
    """Empty if evidence proves it."""
    said: Said | None


class ShownWhole(ShownIncident):
    """An incident with all that belongs to it."""

    alerts: list[ShownIncidentAlert]
    levels: list[ShownIncidentLevel]
    steps: list[ShownStep]
    merged: list[int]
    """The incidents that are a part of it."""


class WantedIncident(Asked):
    """What is declared."""

    title: Title
    level: Level = ""
    """In the document's words; empty: as the rule says."""
    targets: Targets = Field(default_factory=list)
    alerts: Alerts = Field(default_factory=list)
    """Open alerts that it is about."""
    began_at: Moment | None = None
    is_report: bool = False
    """Whether a user has reported it."""


class WantedLevel(Asked):
    """A level that is confirmed or given."""

    level: Level
    reason: Words = ""
    """Needed if it is another than the incident has."""


class WantedPeople(Asked):
    """Who leads and who writes, by account; null leaves it as it is, "" nobody."""

    commander: Account | None = None
    scribe: Account | None = None


class WantedNote(Asked):
    """What is to be told or written down."""

    words: Words


class WantedShowing(Asked):
    """What the status page says."""

    words: Words = ""
    is_shown: bool = True


class WantedMerge(Asked):
    """What it belongs to."""

    into: Number


class WantedSplit(Asked):
    """Which alerts become an incident of their own."""

    alerts: Alerts
    title: Title = ""


class WantedRecovery(Asked):
    """Since when it is over; null: now."""

    at: Moment | None = None


class ShownTimeFigure(Schema):
    """How long something took, in seconds; null if it is known of no incident."""

    count: int
    """Of how many incidents it is known."""
    mean: float | None
    median: float | None
    longest: float | None


class ShownIncidentFigures(Schema):
    """Figures over some incidents. Drills and merged incidents don't count."""

    count: int
    ongoing: int
    to_response: ShownTimeFigure
    """MTTA."""
    to_recovery: ShownTimeFigure
    """MTTR."""


class ShownMonthFigures(ShownIncidentFigures):
    """The figures of a month, in the document's zone."""

    month: str
    """2026-12."""


class ShownLevelFigures(ShownIncidentFigures):
    """The figures of a severity."""

    level: str


class ShownPatternCount(Schema):
    """How many incidents were one known failure."""

    pattern: str
    """Empty: no known failure."""
    count: int


class ShownFigures(ShownIncidentFigures):
    """The figures of the last months."""

    by_month: list[ShownMonthFigures]
    """The newest first."""
    by_level: list[ShownLevelFigures]
    by_pattern: list[ShownPatternCount]
    """The most frequent first."""


class FigureTime(Schema):
    """Which figures are wanted."""

    months: Annotated[int, Field(ge=1, le=MOST_MONTHS), AS_WRITTEN] = 6
    """How many, this one included."""
