"""The settings of chapter 5 in `toban.toml`: where versions come from, and how they reach an environment."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, InstanceOf, model_validator

from toban.chapters.release.rows.causes import cause_step
from toban.chapters.release.rows.schedule import Freeze
from toban.design.clauses.base import Clause
from toban.design.clauses.release import DeployRule, ReleaseSchedule, RollbackProcedure
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit, read_within
from toban.design.values.quantity import BYTES
from toban.design.values.schedule import Cadence, NthBusinessDay, Schedule, read_schedule
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.values import ClockTime, Length, Size
from toban.engine.modes.rules import Mode
from toban.engine.notify.routing.contacts import folded
from toban.message import Message

_TWO = 2
"""So many environments make one a place before the other."""


def _schedules(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(ReleaseSchedule) if not row.schedule.is_timed)


def _rules(design: Design, bound: "DeploymentBinding", name: str) -> Iterator[Clause]:
    return (row for row in design.of(DeployRule) if row.environment == (bound.environment or name))


def _rollbacks(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from design.of(RollbackProcedure)


def _causes(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(RollbackProcedure) if cause_step(row))


def before_last(design: Design, tables: Mapping[str, Any]) -> frozenset[str]:
    """Return the deployments that are the last but one of their service, in the order of the document's rows.

    *tables*: of `toban.toml`.
    """
    bound = {name: each.config for name, each in tables["deployments"].items()}
    only = next(iter(tables["releases"])) if len(tables["releases"]) == 1 else ""
    found: dict[str, dict[str, None]] = {}
    for rule in design.of(DeployRule):
        for name, config in bound.items():
            if folded(config.environment or name) == folded(rule.environment):
                # In order, and once: a row may stand in the document twice.
                found.setdefault(config.service or only, {})[name] = None
    return frozenset(tuple(names)[-2] for names in found.values() if len(names) >= _TWO)


def _moment(written: object) -> object:
    if isinstance(written, str):
        with suppress(ValueError):
            return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)
    if not isinstance(written, date):
        raise invalid(Message("release-rows.not-a-day"), Message("release-rows.write-a-day"))
    return written


Day = Annotated[InstanceOf[date], BeforeValidator(_moment)]
"""A day, or a moment on it: both are TOML's own."""


class FreezeBinding(Section):
    """`[[releases.SERVICE.freezes]]`: a time in which nothing is released."""

    since: Day = Field(alias="from")
    """The first day or moment."""
    until: Day
    """The last day, or the moment from which releases may happen again."""
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.of(UTC).end <= self.of(UTC).start:
            raise invalid(Message("release-rows.freeze-ends-before"))
        return self

    def of(self, zone: tzinfo) -> Freeze:
        """Return it with times in *zone*."""
        last = self.until
        end = _in_zone(last, zone) if isinstance(last, datetime) else _in_zone(last + timedelta(days=1), zone)
        return Freeze(_in_zone(self.since, zone), end, self.reason)


def _in_zone(written: date, zone: tzinfo) -> datetime:
    moment = written if isinstance(written, datetime) else datetime.combine(written, time(0))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


class ReleaseBinding(Section):
    """`[releases.SERVICE]`: the settings of every kind of source."""

    trunk: str = "main"
    """The branch whose commits are released."""
    release_branches: str = "release*"
    """The pattern of the branches that are made for a release."""
    build: tuple[str, ...] = ()
    """The command that makes the artefact; run in the commit's tree, it writes to the folder `RELEASE_OUT`.

    Without one, the tree itself is the artefact.
    """
    check: tuple[str, ...] = ()
    """The command that tests a commit where nothing else does; run in the commit's tree."""
    build_within: Length = timedelta(minutes=30)
    """The longest that `build` or `check` may take."""
    largest: Size = 2 * BYTES["GB"]
    """The largest that an artefact may be; a build that writes more is ended."""
    migrations: tuple[str, ...] = ("**/migrations/*", "migrations/*", "db/migrate/*")
    """Patterns of the files that change the database's schema."""
    reversible_trailer: str = "Reversible"
    """A commit that changes such files can be undone if its last paragraph says `Reversible: yes`."""
    backup: str = ""
    """The work (`toban run KEY`) that takes a backup before a release that can't be undone: `B001`."""
    at: Annotated[ClockTime, Assumed("release.assumed-time", Message("release.why-time"), _schedules)] = time(
        20
    )
    """The time of a release on a day for which the document gives none."""
    freezes: tuple[FreezeBinding, ...] = ()
    """When nothing is released."""
    checklist: tuple[str, ...] = ()
    """What people look at in 動作確認, before they sign it off."""
    poll: Length = timedelta(minutes=1)
    """How often the source is asked what is new."""


def _drill(written: object) -> object:
    found = read_schedule(written) if isinstance(written, str) else written
    if not isinstance(found, Schedule) or not found.is_timed:
        raise invalid(Message("release-rows.not-a-drill"), Message("release-rows.write-days-and-time"))
    return found


DrillDays = Annotated[InstanceOf[Schedule], BeforeValidator(_drill)]
MONTHLY = Schedule(Cadence.MONTHLY, day=NthBusinessDay(1), at=time(10))
"""When the rollback is rehearsed if nobody says so: on the first business day, at 10:00."""


def _within(written: object) -> object:
    found = read_within(written) if isinstance(written, str) else written
    if not isinstance(found, Duration) or found.amount <= 0:
        raise invalid(Message("bindings.not-a-length"))
    return found


Within = Annotated[InstanceOf[Duration], BeforeValidator(_within)]
"""A length that may count business days: 5営業日."""


class HealthBinding(Section):
    """`[deployments.NAME.health]`: what must answer for a version to count as healthy."""

    url: str = ""
    """An address that must answer with a status below 400; `{instance}` stands for the instance's address."""
    contains: str = ""
    """A text that the answer must hold."""
    within: Length = timedelta(seconds=60)
    """How long a new instance may take until it is healthy."""


class DeploymentBinding(Section):
    """`[deployments.NAME]`: the settings of every kind of engine."""

    environment: str = ""
    """The environment in the document's words; by default the table's name."""
    service: str = ""
    """The `[releases.SERVICE]` that is brought there; may be left out if there is only one."""
    first: str = ""
    """The version that an environment begins with, where nothing has been released yet.

    Where the document asks for approval, it needs none only if it is what serves already.
    """
    health: HealthBinding | None = None
    """What must answer before and after a switch."""
    targets: tuple[str, ...] = ()
    """The `[targets.NAME]` whose critical alerts after a switch roll it back."""
    watch: Annotated[Length, Assumed("release.assumed-watch", Message("release.why-watch"), _rules)] = (
        timedelta(minutes=10)
    )
    """How long a new version is watched."""
    begins_within: Annotated[
        Length,
        Assumed("release-rows.assumed-begins-within", Message("release-rows.why-begins-within"), _rules),
    ] = timedelta(minutes=15)
    """How late after its planned time, or the document's, a release may begin."""
    serves_within: Annotated[
        Length,
        Assumed("release-rows.assumed-serves-within", Message("release-rows.why-serves-within"), _rules),
    ] = timedelta(minutes=15)
    """How soon after its trigger an automatic release must serve."""
    rollback: Mode = Mode.SHADOW
    """What Toban does if a new version turns out bad in that time: only say so, ask first, or go back."""
    keep: int = Field(default=5, ge=2, le=100)
    """How many versions stay installed."""
    approvers: int = Field(default=1, ge=1, le=5)
    """How many different people must approve a release."""
    approval_within: Annotated[
        Length, Assumed("release.assumed-approval", Message("release.why-approval"), _rules)
    ] = ASSUMED_WITHIN
    """How long a release waits for approval, at most until its planned time."""
    drill: Annotated[
        DrillDays,
        Assumed(
            "release-rows.assumed-drill",
            Message("release-rows.why-drill"),
            _rollbacks,
            lambda design, bindings, name: name in before_last(design, bindings.tables),
        ),
    ] = MONTHLY
    """When the rollback is rehearsed here, in the document's words: 毎月第3火曜 10:00.

    By default on the environment before the last only.
    """
    cause_within: Annotated[
        Within,
        Assumed("release-rows.assumed-cause", Message("release-rows.why-cause"), _causes),
    ] = Duration(Decimal(5), TimeUnit.BUSINESS_DAY)
    """Until when the cause of a rollback is found, if the document asks for it."""
    timeout: Length = timedelta(minutes=30)
    """The longest that one attempt may take."""
