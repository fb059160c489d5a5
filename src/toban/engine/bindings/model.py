"""What `toban.toml` says, typed: the system, targets, people, channels, and the meaning of vague words."""

import re
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
from toban.design.values.duration import read_duration
from toban.design.values.hours import Hours, read_hours
from toban.design.values.rotation import WEEKLY, is_handover
from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.keeping import ArchiveBinding, EvidenceBinding
from toban.engine.bindings.secret import Secret

# Every kind's own config begins here: what it is made from is one of this module's names.
from toban.engine.bindings.section import Section as Section  # noqa: PLC0414
from toban.engine.bindings.section import beside_the_bindings as beside_the_bindings  # noqa: PLC0414
from toban.engine.bindings.senders import KindRule, SenderBinding, SyslogBinding
from toban.engine.bindings.template import Template

WHOLE_SYSTEM = "全体"
"""The target that monitors without one belong to: `[targets.全体]`."""


def _zone(written: object) -> object:
    if isinstance(written, str) and written not in available_timezones():
        raise PydanticCustomError("zone", "「{zone}」という時間帯はありません", {"zone": written})
    return written


_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _clock(written: object) -> object:
    if isinstance(written, time):
        return written
    match = _CLOCK.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise PydanticCustomError("clock", '時刻は "2:00" のように書いてください')
    return time(int(match[1]), int(match[2]))


ClockTime = Annotated[time, BeforeValidator(_clock)]


def _length(written: object) -> object:
    if isinstance(written, timedelta):
        return written
    found = read_duration(written) if isinstance(written, str) else None
    if found is None or found.as_timedelta() <= timedelta(0):
        raise PydanticCustomError("length", '長さは "30分" や "2時間" のように書いてください')
    return found.as_timedelta()


Length = Annotated[timedelta, BeforeValidator(_length)]


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


def _some[M: Section](tables: tuple[M, ...]) -> tuple[M, ...]:
    # pydantic's own minimum would also complain where a table is wrong in itself.
    if not tables:
        raise PydanticCustomError("too_short", "空です")
    return tables


class DutyBinding(Section):
    """`[duty.ROLE]`: who holds a role of the document, where people take turns."""

    layers: Annotated[tuple[LayerBinding, ...], AfterValidator(_some)]
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


class ObjectiveBinding(Section):
    """By what an objective of chapter 1 is measured."""

    target: str
    """A target of `[targets]`."""
    instance: str = ""
    """One of its instances; empty for all."""


class StatusService(Section):
    """`[[status.services]]`: a service as the public page names it."""

    name: str = Field(min_length=1, max_length=80)
    """What the public reads; nothing else of the target is shown."""
    target: str
    """A target of `[targets]`: by its `up` it stands or falls."""
    instance: str = ""
    """One of its instances; empty for all."""


class StatusBinding(Section):
    """`[status]`: what is told to the public, who need not sign in."""

    title: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=1000)
    """A sentence above all, in the operator's words."""
    serve: bool = False
    """Whether `/status/` is open to everybody; `toban status export` works either way."""
    services: Annotated[tuple[StatusService, ...], AfterValidator(_some)]


class ErrorBinding(Section):
    """`[errors.NAME]`: an application that reports its errors by one of Sentry's SDKs."""

    example: ClassVar[Mapping[str, str]] = {"key": "env:APP_ERRORS_KEY"}

    project: int = Field(default=1, ge=1, le=10**9)
    """The number at the end of its DSN, its own."""
    key: Secret
    """The public key of its DSN. Whoever has it can report errors, and read nothing."""
    rate: int = Field(default=600, ge=1, le=100_000)
    """Events that are taken in a minute."""


def _own_projects(tables: dict[str, ErrorBinding]) -> dict[str, ErrorBinding]:
    numbers = [each.project for each in tables.values()]
    twice = next((each for each in numbers if numbers.count(each) > 1), None)
    if twice is not None:
        context = {"number": twice, "hint": "アプリごとに違う番号にしてください"}
        raise PydanticCustomError("project_twice", "project = {number} が二つあります", context)
    return tables


class LogBinding(Section):
    """`[logs]`: what the document leaves open of logs."""

    production: bool = True
    """Whether what is sent here comes from production, so that levels not written there are dropped."""
    kinds: tuple[KindRule, ...] = ()
    levels: Mapping[str, str] = {}
    """A word that an application writes → the document's level."""
    mask: tuple[Literal["credentials", "cards", "emails"], ...] = ("credentials", "cards")
    """What is masked before it is stored."""
    mask_fields: tuple[str, ...] = ()
    """Fields whose whole value is masked."""
    archive: ArchiveBinding | None = None
    """Where days go before they are deleted; None: they are deleted."""


class BatchBinding(Section):
    """What every batch's table may say; the config of each kind of work derives from it."""

    timeout: Length | None = None
    """The longest that one attempt may take."""
    catch_up: Literal["once", "skip"] = "once"
    """What to do after due times that passed while nothing ran here: make up for the last, or for none."""
    depends_on: tuple[str, ...] = ()
    """Batches that must have succeeded for this one's due time."""
    start_within: Length = timedelta(minutes=10)
    """A run that has not begun so long after its time is announced."""
    expected_within: Length | None = None
    """A run that takes longer is announced, and goes on."""
    announce: tuple[Literal["start", "end"], ...] = ()
    """What the matrix's 情報 row is told of, though nothing is wrong."""
    approval: str = ""
    """Whose consent every run needs before it begins, in the document's words (運用責任者)."""


class DrillBinding(Section):
    """`[backups.SUBJECT.drill]`: how a restore is rehearsed, in a server that is thrown away afterwards."""

    binaries: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The folder of the database's programs, of the source's major version; None: the usual places."""
    folder: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Where it is restored to; None: the system's temporary folder."""
    account: str = "postgres"
    """Whom the server runs as where Toban runs as root."""
    role: str = "postgres"
    """A superuser of the source's: the restored server is asked as that one."""
    database: str = ""
    """The database that is compared and asked; empty for the one that `dsn` names."""
    query: str = ""
    """The application's own question: it must succeed."""
    expect: str = ""
    """What the first column of its first row must be; empty for anything."""
    compare_within: Length = timedelta(minutes=10)
    """How long reading the source's tables may take; the smallest come first."""
    at: ClockTime = time(5)
    """When it begins on a day that the document names without a clock time."""


class BackupBinding(Section):
    """What every backup's table may say; the config of each backup engine derives from it."""

    store: str = ""
    """The `[stores.NAME]` it goes to; empty for the one that the row's 保存先 names."""
    verify: Literal["read", "list"] = "read"
    """Whether what was stored is read back before it counts as a backup, or only listed and compared."""
    timeout: Length | None = None
    """The longest that taking one may take."""
    drill: DrillBinding | None = None
    """How restores are rehearsed; without it the document's restore test is not Toban's."""


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
    batches: Mapping[str, Bound[BatchBinding]] = field(default_factory=dict)
    """A batch's id in the document → what it runs."""
    stores: Mapping[str, Bound[BaseModel]] = field(default_factory=dict)
    """The document's word for where backups go (S3) → where that is."""
    backups: Mapping[str, Bound[BackupBinding]] = field(default_factory=dict)
    """The document's word for what is backed up (PostgreSQL) → by which engine, from where."""
    notices: NoticeBinding = field(default_factory=NoticeBinding)
    heartbeat: HeartbeatBinding | None = None
    senders: Mapping[str, SenderBinding] = field(default_factory=dict)
    syslog: SyslogBinding | None = None
    logs: LogBinding = field(default_factory=LogBinding)
    evidence: EvidenceBinding | None = None
    """Where evidence is shipped to; None: it stays in the state database alone."""
    log_sources: Mapping[str, Bound[BaseModel]] = field(default_factory=dict)
    """A name → where logs are fetched from."""
    errors: Mapping[str, ErrorBinding] = field(default_factory=dict)
    """An application → how it reports its errors."""
    objectives: Mapping[str, ObjectiveBinding] = field(default_factory=dict)
    """An objective by its name in the document → by what it is measured."""
    duty: Mapping[str, DutyBinding] = field(default_factory=dict)
    """The document's role → who takes turns at it."""
    status: StatusBinding | None = None
    """What the public may see; None: nothing."""
    discoveries: Mapping[str, tuple[Discovery, ...]] = field(default_factory=dict)
    """A target → where more of its hosts are looked up."""
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """A target → the target that it stands on: when that one is down, it says nothing new."""
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
    """The outer shape of the file; the insides of sources and channels belong to their kinds."""

    system: System = System()
    targets: Mapping[str, TargetTable] = {}
    people: Mapping[str, Person] = {}
    duty: Mapping[str, DutyBinding] = {}
    status: StatusBinding | None = None
    channels: Mapping[str, dict[str, object]] = {}
    notices: NoticeBinding = NoticeBinding()
    heartbeat: HeartbeatBinding | None = None
    senders: Mapping[str, SenderBinding] = {}
    syslog: SyslogBinding | None = None
    logs: LogBinding = LogBinding()
    evidence: EvidenceBinding | None = None
    log_sources: Mapping[str, Mapping[str, object]] = {}
    errors: Annotated[Mapping[str, ErrorBinding], AfterValidator(_own_projects)] = {}
    objectives: Mapping[str, ObjectiveBinding] = {}
    batches: Mapping[str, dict[str, object]] = {}
    stores: Mapping[str, dict[str, object]] = {}
    backups: Mapping[str, dict[str, object]] = {}
    assumptions: Mapping[str, ClockTime] = {}
