"""What the API shows of capacity, and takes."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from toban.chapters.capacity.forecasting.bases import Basis
from toban.chapters.capacity.forecasting.jumps import JumpKind
from toban.chapters.capacity.forecasting.methods import ForecastMethod
from toban.chapters.capacity.scaling.replays import LONGEST
from toban.chapters.capacity.scaling.rules import Outcome
from toban.engine.modes.rules import Mode
from toban.engine.runs.models import Run
from toban.faces.api.values import AS_WRITTEN, Asked, Said, Text, Why

Days = Annotated[int, Field(ge=1, le=LONGEST), AS_WRITTEN]


class ShownResource(Schema):
    """A resource; amounts are in `unit`: bytes (`B`), or a plain number."""

    resource: str
    name: str
    """Of its table in `toban.toml`."""
    clause: str
    unit: str
    used: float | None
    limit: float
    """The document's or reality's, whichever is met first."""
    real_limit: float | None
    share: float | None
    level: float
    """The share from which it is to be extended."""
    document_used: float | None
    document_limit: float | None
    read_at: str | None
    trouble: Said | None
    days_left: int | None
    """Until the level is reached; null if that is not forecast."""
    forecast: Said | None


class ShownLevel(Schema):
    """When a share of the limit is reached; null where that is not within the forecast."""

    share: float
    amount: float
    already: bool
    on: str | None
    earliest: str | None
    latest: str | None


class ShownJump(Schema):
    """A jump of the level that was recognised."""

    on: str
    size: float
    kind: JumpKind


class ShownForecastDay(Schema):
    """A day of the forecast; nine of ten values should be between `low` and `high`."""

    date: str
    value: float
    low: float
    high: float


class ShownForecast(ShownResource):
    """The forecast of a resource, or the one that was asked for."""

    made_at: str | None
    imagined: bool
    """Whether it is the answer to `add`, `load` or `growth`."""
    method: ForecastMethod | None
    basis: Basis | None
    error: float | None
    """The median error of the method on the resource's past, as a share."""
    why_none: Said | None
    possible_on: str | None
    levels: list[ShownLevel]
    jumps: list[ShownJump]
    days: list[ShownForecastDay]


class ShownGroup(Schema):
    """A group of instances, by one rule about it."""

    group: str
    clause: str
    work: str
    condition: str
    by: str
    mode: Mode | None
    """Null if the provider scales it."""
    metric: str
    limit: float
    minutes: int
    step: int
    most: int | None
    wanted: int | None
    serving: int | None
    mean: float | None
    outcome: Outcome | None
    decision: Said
    since: str | None
    looked_at: str | None
    run: int | None
    run_state: Run.State | None
    run_note: Said | None


class ShownAddition(Schema):
    """A moment at which a rule would have scaled."""

    at: str
    to: int


class ShownReplay(Schema):
    """What a rule would have done on what was measured."""

    group: str
    clause: str
    begins: str
    ends: str
    size: int
    size_from: Said
    added: list[ShownAddition]
    minutes_at_limit: int
    known_share: float
    """Of the minutes, those with enough samples to decide."""
    instance_hours: float
    cost: str | None
    said: Said
    caveat: Said


class ShownReplays(Schema):
    """The replay of each rule about a group."""

    items: list[ShownReplay]


class AskedForecast(Asked):
    """A resource, and what if."""

    resource: Text
    add: Text = ""
    """An amount on top: `200GB`."""
    load: Text = ""
    """All higher by a share: `20%`."""
    growth: Text = ""
    """Growth faster by a share: `20%`."""
    on: Text = ""
    """From which day on: `2026-12-01`; empty: today."""


class WantedSize(Why):
    """How many instances a group is to have."""

    group: Text
    to: Annotated[int, Field(ge=1, le=10_000)]
