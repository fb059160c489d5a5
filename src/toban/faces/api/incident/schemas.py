"""What the API shows of incidents, and takes."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from toban.chapters.incident.clocks.rules import ClockState
from toban.chapters.incident.gameday.watching import Part as GameDayPart
from toban.chapters.incident.models import GameDay, Incident
from toban.faces.api.values import Asked, Moment, Number, Said

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


class ShownGameDayPart(Schema):
    """A part of the chain, with its time beside the document's limit."""

    part: GameDayPart
    passed: bool
    took_seconds: float | None
    """Null if it has not answered."""
    limit_seconds: float | None
    """Null if the document sets none."""
    said: Said


class ShownGameDay(Schema):
    """A failure that was made on purpose, and what has answered."""

    game_day: int
    failure: str
    clause: str
    state: GameDay.State
    run: int | None
    incident: int | None
    broken_at: str
    ended_at: str | None
    times: dict[str, str]
    """When it was broken and restored, and when each part has answered."""
    parts: list[ShownGameDayPart]
    """Empty while it goes on."""
    said: Said | None
    evidence: int | None


class WantedGameDay(Asked):
    """A failure that is to be made."""

    failure: Title
    """In the words of its row."""


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
