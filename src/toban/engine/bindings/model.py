"""What `toban.toml` says in the engine's own tables; extensions bring theirs. See `table`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    InstanceOf,
    model_validator,
)
from pydantic_core import PydanticCustomError

from toban.design.calendar import BusinessCalendar
from toban.design.values.closed import ClosedDays, read_closed_days
from toban.design.values.hours import Hours, read_hours
from toban.design.values.rotation import WEEKLY, is_handover
from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section
from toban.engine.bindings.senders import SenderBinding
from toban.engine.bindings.template import Template
from toban.engine.bindings.values import ClockTime, Length, some

WHOLE_SYSTEM = "全体"
"""The target that monitors without one belong to: `[targets.全体]`."""


def _zone(written: object) -> object:
    if isinstance(written, str) and written not in available_timezones():
        raise PydanticCustomError("zone", "「{zone}」という時間帯はありません", {"zone": written})
    return written


def _closed(written: object) -> object:
    found = read_closed_days(written) if isinstance(written, str) else written
    if not isinstance(found, ClosedDays):
        raise PydanticCustomError(
            "closed", '休業日は "12-29..01-03" (毎年) や "2026-08-13" (その日だけ) のように書いてください'
        )
    return found


Closed = Annotated[InstanceOf[ClosedDays], BeforeValidator(_closed)]


class System(Section):
    """The system that the document is about."""

    name: str = ""
    timezone: Annotated[str, BeforeValidator(_zone)] = "Asia/Tokyo"
    """The zone that the document's clock times are in."""
    holidays: Literal["JP", "none"] = "JP"
    """Whose public holidays are no business days."""
    closed: tuple[Closed, ...] = ()
    """Days on which the company itself is closed: no business days either."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone, ready to compute with."""
        return ZoneInfo(self.timezone)

    @property
    def business(self) -> BusinessCalendar:
        """On which days people work: the one place that all schedules and hours ask."""
        return BusinessCalendar(keeps_holidays=self.holidays == "JP", closed=self.closed)


class DiscoveryBinding(Section):
    """`[[targets.NAME.discovery]]`: where hosts that come and go are looked up; each kind derives from it."""

    sample: ClassVar[Mapping[str, str]] = {}
    """What such a host may look like: a template is tried on it when the file is read."""

    every: Length = timedelta(seconds=30)
    """How often to look."""


class Person(Section):
    """Who holds a role or takes turns at it, and how they are reached; what is empty can't be used."""

    name: str = ""
    email: str = ""
    slack: str = ""
    """A member id (U012AB3CD) to mention, or a channel (#ops)."""
    pagerduty: str = ""
    phone: str = ""


def _handover(written: object) -> object:
    found = read_schedule(written) if isinstance(written, str) else written
    if not isinstance(found, Schedule) or not is_handover(found):
        raise PydanticCustomError(
            "handover", '交代の時刻は "毎週月曜 10:00" や "毎日 9:00" のように書いてください'
        )
    return found


def _hours(written: object) -> object:
    found = read_hours(written) if isinstance(written, str) else written
    if not isinstance(found, Hours):
        raise PydanticCustomError("hours", '時間帯は "平日 9:00-18:00" のように書いてください')
    return found


class LayerBinding(Section):
    """`[[duty.ROLE.layers]]`: people who take turns at holding a role."""

    people: tuple[str, ...] = Field(min_length=1)
    """In the order of their turns, each by the name of their `[people.NAME]`."""
    handover: Annotated[InstanceOf[Schedule], BeforeValidator(_handover)] = WEEKLY
    """When one hands over to the next."""
    since: date = Field(default=date(2024, 1, 1), ge=date(2000, 1, 1))
    """The turn of the first begins at the first hand-over from this day on."""
    hours: Annotated[InstanceOf[Hours], BeforeValidator(_hours)] | None = None
    """Of the role's hours, those that these people answer in; None for all of them."""


class DutyBinding(Section):
    """`[duty.ROLE]`: who holds a role of the document, where people take turns."""

    layers: Annotated[tuple[LayerBinding, ...], AfterValidator(some)]
    """Each has one of its people on duty in its hours."""


class EscalationStep(Section):
    """`[[notices.escalation]]`: who is called when nobody has taken a critical alert on."""

    after: Length
    """Since the first notice."""
    to: tuple[str, ...] = Field(min_length=1)
    """Roles of the document."""


class NoticeBinding(Section):
    """What the document leaves open about notices."""

    repeat: Length = timedelta(hours=4)
    """After how long trouble that nobody has taken on is told again."""
    escalation: tuple[EscalationStep, ...] = ()
    fallback: str = ""
    """The channel, by its name here, that takes what another could not deliver."""


class HeartbeatBinding(Section):
    """Where a sign of life goes: who watches the watcher."""

    url: Secret
    """By reference: whoever knows it can pretend to be alive."""
    every: Length = timedelta(minutes=1)
    timeout: float = Field(default=10, gt=0, le=60)
    """Seconds."""
    plain_hosts: tuple[str, ...] = ()
    """Hosts of the private network that may be spoken to without TLS."""


class EvidenceBinding(Section):
    """`[evidence]`: where evidence and audit log are shipped to every day, out of Toban's own hands."""

    example: ClassVar[Mapping[str, str]] = {"store": "監査"}

    store: str = Field(min_length=1)
    """The `[stores.NAME]` it goes to."""
    lock: Literal["governance", "compliance"] = "governance"
    """How each object is locked where the bucket has object lock: whether anybody at all may end it early."""


@dataclass(frozen=True, slots=True)
class Bound[C: BaseModel]:
    """A source, channel or the like as configured: its kind, that kind's own config, and where it stands."""

    kind: str
    config: C
    line: int


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where the hosts of a target are looked up, and what each of them is measured by."""

    bound: Bound[DiscoveryBinding]
    template: Template
    sample: Bound[BaseModel]
    """The template, filled with a host of the kind's own."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """A whole `toban.toml`, valid throughout."""

    file: str
    """The file name as the user gave it."""
    digest: str
    """SHA-256 of the text, in hex."""
    system: System
    targets: Mapping[str, tuple[Bound[BaseModel], ...]]
    """The document's word for a target → where it is measured."""
    people: Mapping[str, Person]
    """The document's role, or a name that takes turns at one → who that is."""
    channels: Mapping[str, Bound[BaseModel]]
    """A name → a way out."""
    clock_words: Mapping[str, time]
    """A vague word of the document (深夜) → the clock time it stands for."""
    lines: Mapping[tuple[str, str], int]
    """Where each entry of a table stands: `("targets", "DB")` → its line."""
    stores: Mapping[str, Bound[BaseModel]] = field(default_factory=dict)
    """The document's word for where backups go (S3) → where that is."""
    notices: NoticeBinding = field(default_factory=NoticeBinding)
    heartbeat: HeartbeatBinding | None = None
    senders: Mapping[str, SenderBinding] = field(default_factory=dict)
    evidence: EvidenceBinding | None = None
    """Where evidence is shipped to; None: it stays in the state database alone."""
    duty: Mapping[str, DutyBinding] = field(default_factory=dict)
    """The document's role → who takes turns at it."""
    discoveries: Mapping[str, tuple[Discovery, ...]] = field(default_factory=dict)
    """A target → where more of its hosts are looked up."""
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """A target → the target that it stands on: when that one is down, it says nothing new."""
    tables: Mapping[str, object] = field(default_factory=dict)
    """What the tables of extensions say, by their names; read by `Table.of`."""
    folder: Path = Path()
    """The folder that relative paths start from: that of the file."""


class TargetTable(Section):
    """`[targets.NAME]` before its sources are read by their kinds."""

    sources: Sequence[Mapping[str, object]] = ()
    discovery: Sequence[Mapping[str, object]] = ()
    """Where more of its hosts are looked up."""
    runs_on: str = ""
    """The target that it stands on: when that one is down, nothing more is told of this one."""

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not self.sources and not self.discovery:
            hint = "測る場所を sources に、増減する機械なら discovery に書いてください"
            raise PydanticCustomError("no_place", "sources も discovery もありません", {"hint": hint})
        return self


class Frame(Section):
    """The outer shape of the engine's tables; what sources and channels say belongs to their kinds."""

    system: System = System()
    targets: Mapping[str, TargetTable] = {}
    people: Mapping[str, Person] = {}
    duty: Mapping[str, DutyBinding] = {}
    channels: Mapping[str, dict[str, object]] = {}
    stores: Mapping[str, dict[str, object]] = {}
    notices: NoticeBinding = NoticeBinding()
    heartbeat: HeartbeatBinding | None = None
    senders: Mapping[str, SenderBinding] = {}
    evidence: EvidenceBinding | None = None
    assumptions: Mapping[str, ClockTime] = {}
