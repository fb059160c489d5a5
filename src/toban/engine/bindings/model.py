"""The engine's own tables of `toban.toml`. Extensions bring theirs: see `table`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    InstanceOf,
    model_validator,
)

from toban.design.calendar import BusinessCalendar
from toban.design.clauses.base import Clause
from toban.design.clauses.duty import EMERGENCY, DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.design.timed_rows import on_business_days, timed
from toban.design.values.days_off.closed import ClosedDays, read_closed_days
from toban.design.values.hours import Hours, read_hours
from toban.design.values.rotation import WEEKLY, is_handover
from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.guarded import Guarded
from toban.engine.bindings.reading.declared import MOST, ReadingBinding
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.senders import SenderBinding
from toban.engine.bindings.template import Template
from toban.engine.bindings.values import Language, Length, Meant, WebAddress, WordMeaning, ZoneName, some
from toban.message import Message

WHOLE_SYSTEM = "全体"
"""The target of monitors that name none: `[targets.全体]`."""


def _closed(written: object) -> object:
    found = read_closed_days(written) if isinstance(written, str) else written
    if not isinstance(found, ClosedDays):
        raise invalid(Message("bindings.not-closed-days"), Message("bindings.write-days-that-exist"))
    return found


Closed = Annotated[InstanceOf[ClosedDays], BeforeValidator(_closed)]


def _hours(written: object) -> object:
    found = read_hours(written) if isinstance(written, str) else written
    if not isinstance(found, Hours):
        raise invalid(Message("bindings.not-hours"), Message("bindings.write-hours-as-the-document"))
    return found


WeekHours = Annotated[InstanceOf[Hours], BeforeValidator(_hours)]


class System(Section):
    """The system that the document is about."""

    harmless = frozenset({"name"})

    name: str = ""
    timezone: Annotated[
        ZoneName,
        Assumed("bindings.assumed-zone", Message("bindings.why-zone"), lambda design, *_: timed(design)),
    ] = "Asia/Tokyo"
    """The zone that the document's clock times are in."""
    holidays: Annotated[
        Literal["JP", "none"],
        Assumed(
            "bindings.assumed-holidays", Message("bindings.why-holidays"), lambda d, *_: on_business_days(d)
        ),
    ] = "JP"
    """The country whose public holidays are not business days."""
    closed: tuple[Closed, ...] = ()
    """Days on which the company itself is closed; these are not business days either."""

    fortnight: date = date(2024, 1, 1)
    """A day in the first of the weeks of 隔週, where the document does not name it."""
    quarters: tuple[Annotated[int, Field(ge=1, le=12)], ...] = (1, 4, 7, 10)
    """The months in which a quarter begins, where the document does not name them."""
    office_hours: WeekHours | None = None
    """営業時間, where the document does not say it; None: the hours of its roles, else `OFFICE_HOURS`."""
    links: Annotated[
        Mapping[Annotated[str, Field(min_length=1, max_length=40)], WebAddress], Field(max_length=12)
    ] = {}
    """Other pages of the system, such as a wiki or a dashboard, by the name that the navigation shows."""

    def __hash__(self) -> int:
        # Schedules are cached by it; a mapping has no hash, and decides nothing about them.
        return hash((self.timezone, self.holidays, self.closed, self.fortnight, self.quarters))

    @property
    def zone(self) -> ZoneInfo:
        """The zone, ready to compute with."""
        return ZoneInfo(self.timezone)

    @property
    def business(self) -> BusinessCalendar:
        """The business days; all schedules and hours use this calendar."""
        return BusinessCalendar(self.holidays == "JP", self.closed, self.fortnight, self.quarters)


class DiscoveryBinding(Section):
    """`[[targets.NAME.discovery]]`: where to look up hosts that come and go. Each kind derives from it."""

    harmless = frozenset({"every"})

    sample: ClassVar[Mapping[str, str]] = {}
    """A sample host; the template is tried on it when the file is read."""

    every: Length = timedelta(seconds=30)
    """How often to look."""


class Person(Section):
    """Who holds a role or takes turns at it, and how to reach them; empty means that there is no such way."""

    harmless = frozenset({"phone", "language"})

    name: str = ""
    email: str = ""
    slack: str = ""
    """A member id (U012AB3CD) to mention, or a channel (#ops)."""
    pagerduty: str = ""
    phone: str = ""
    account: str = ""
    """The account in Toban with which this person signs in; without one they can approve nothing."""
    language: Language | None = None
    """The language of notifications to them; None for the channel's, or else the document's."""


def _handover(written: object) -> object:
    found = read_schedule(written) if isinstance(written, str) else written
    if not isinstance(found, Schedule) or not is_handover(found):
        raise invalid(Message("bindings.not-a-handover"), Message("bindings.write-day-and-time"))
    return found


class LayerBinding(Section):
    """`[[duty.ROLE.layers]]`: people who take turns at holding a role."""

    people: tuple[str, ...] = Field(min_length=1)
    """In the order of their turns, each by the name of their `[people.NAME]`."""
    handover: Annotated[InstanceOf[Schedule], BeforeValidator(_handover)] = WEEKLY
    """When each person hands over to the next."""
    since: date = Field(default=date(2024, 1, 1), ge=date(2000, 1, 1))
    """The first person's turn begins at the first hand-over on or after this day."""
    hours: WeekHours | None = None
    """The part of the role's hours that these people cover; None for all of them."""


class DutyBinding(Section):
    """`[duty.ROLE]`: who holds a role of the document at which people take turns."""

    layers: Annotated[tuple[LayerBinding, ...], AfterValidator(some)]
    """In its hours, each layer has one of its people on duty."""


def _emergency(design: Design, notices: "NoticeBinding", _name: str) -> Iterator[Clause]:
    first = next((duty for duty in design.of(DutyRole) if EMERGENCY in duty.role), None)
    if first is not None and not notices.escalation:
        yield first


class EscalationStep(Section):
    """`[[notices.escalation]]`: who is notified when nobody has acknowledged a critical alert."""

    after: Length
    """Time since the first notification."""
    to: tuple[str, ...] = Field(min_length=1)
    """Roles of the document."""


class NoticeBinding(Section):
    """What the document leaves open about notifications."""

    harmless = frozenset({"repeat"})

    repeat: Annotated[
        Length,
        Assumed(
            "bindings.assumed-repeat", Message("bindings.why-repeat"), lambda d, *_: d.of(NotificationRule)
        ),
    ] = timedelta(hours=4)
    """How long until an unacknowledged alert is notified again."""
    escalate_after: Annotated[
        Length,
        Assumed("bindings.assumed-escalation", Message("bindings.why-escalation"), _emergency),
    ] = timedelta(minutes=15)
    """How long until the document's 緊急連絡先 is called, if there is no `escalation`."""
    escalation: tuple[EscalationStep, ...] = ()
    fallback: str = ""
    """Name of the `[channels.NAME]` that takes notifications which another channel could not deliver."""


class HeartbeatBinding(Section):
    """Where the heartbeat goes: the service that watches Toban itself."""

    harmless = frozenset({"every", "timeout"})

    url: Secret
    """By reference: anyone who knows the URL can send a heartbeat in Toban's name."""
    every: Length = timedelta(minutes=1)
    timeout: float = Field(default=10, gt=0, le=60)
    """Seconds."""
    plain_hosts: tuple[str, ...] = ()
    """Hosts of the private network that may be reached without TLS."""


class EvidenceBinding(Section):
    """`[evidence]`: where evidence and audit log are shipped every day, out of Toban's own reach."""

    example: ClassVar[Mapping[str, str]] = {"store": "監査"}

    store: str = ""
    """The `[stores.NAME]` it goes to; empty if only heads are sent."""
    channel: str = ""
    """The `[channels.NAME]` that the ledger's head is sent through every day."""
    to: str = ""
    """The `[people.NAME]` who gets it, if the channel needs an address."""
    lock: Literal["governance", "compliance"] = "governance"
    """The mode in which each object is locked, if the bucket has object lock: may anybody end it early?"""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if not self.store and not self.channel:
            raise invalid(Message("bindings.evidence-goes-nowhere"))
        return self


@dataclass(frozen=True, slots=True)
class KindBinding[C: BaseModel]:
    """A configured source, channel or the like: its kind, that kind's own config, and its line."""

    kind: str
    config: C
    line: int


@dataclass(frozen=True, slots=True)
class BoundDiscovery:
    """Where the hosts of a target are looked up, and how each of them is measured."""

    bound: KindBinding[DiscoveryBinding]
    template: Template
    sample: KindBinding[BaseModel]
    """The template, filled with the kind's own sample host."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """A whole `toban.toml`, valid throughout."""

    file: str
    """The file name as the user gave it."""
    digest: str
    """SHA-256 of the text, in hex."""
    system: System
    targets: Mapping[str, tuple[KindBinding[BaseModel], ...]]
    """The document's word for a target → its sources."""
    people: Mapping[str, Person]
    """The document's role, or a name in a rotation → the person."""
    channels: Mapping[str, KindBinding[BaseModel]]
    """A name → the channel."""
    meanings: Mapping[str, WordMeaning]
    """A vague word of the document (深夜) → what it stands for (1:30)."""
    lines: Mapping[tuple[str, str], int]
    """The line of each table entry: `("targets", "DB")` → its line."""
    stores: Mapping[str, KindBinding[BaseModel]] = field(default_factory=dict)
    """The document's word for where backups go (S3) → the store."""
    notices: NoticeBinding = field(default_factory=NoticeBinding)
    heartbeat: HeartbeatBinding | None = None
    senders: Mapping[str, SenderBinding] = field(default_factory=dict)
    evidence: EvidenceBinding | None = None
    """Where evidence is shipped; None: it stays in the state database only."""
    duty: Mapping[str, DutyBinding] = field(default_factory=dict)
    """The document's role → who takes turns at it."""
    discoveries: Mapping[str, tuple[BoundDiscovery, ...]] = field(default_factory=dict)
    """A target → where to look up more of its hosts."""
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """A target → the target that it runs on: while that one is down, this one's alerts are inhibited."""
    tables: Mapping[str, object] = field(default_factory=dict)
    """The contents of the extensions' tables, by table name; read by `Table.of`."""
    folder: Path = Path()
    """The folder that relative paths start from: the file's own."""
    written: frozenset[str] = frozenset()
    """The settings that the file has, as `[notices] repeat` or `[[duty.ROLE.layers]] handover`."""
    acting_digest: str = ""
    """The digest of what decides what Toban does: everything but who is told, and by which way."""
    readings: tuple[DeclaredElsewhere, ...] = ()
    """What tables, lists and sections of the document are."""
    guarded: Guarded = field(default_factory=dict)
    """What a new version may not change without approval, as written."""


class TargetTable(Section):
    """`[targets.NAME]` before its sources are read by their kinds."""

    sources: Sequence[Mapping[str, object]] = ()
    discovery: Sequence[Mapping[str, object]] = ()
    """Where to look up more of its hosts."""
    runs_on: str = ""
    """The target that it runs on: while that one is down, this one's alerts are inhibited."""

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not self.sources and not self.discovery:
            raise invalid(
                Message("bindings.target-without-place"), Message("bindings.write-sources-or-discovery")
            )
        return self


class BindingsFrame(Section):
    """The outer shape of the engine's tables; the kinds validate the contents of sources and channels."""

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
    assumptions: Mapping[str, Meant] = {}
    reading: tuple[ReadingBinding, ...] = Field(default=(), max_length=MOST)
