"""The settings of costs in `toban.toml`: where bills are read, and in which terms they are compared."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, InstanceOf

from toban.chapters.cost.off_hours.meant import busy_hours, least_sizes
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.cost import Budget, CostMeasure
from toban.design.reader import Design
from toban.design.values.hours import Hours
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.model import Bindings, WeekHours
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.table import named, single
from toban.engine.bindings.values import ClockTime, Length, ZoneName
from toban.engine.modes.rules import Mode
from toban.engine.stores.s3.config import BucketAddress
from toban.message import Message

_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?")
_TAX = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?) ?[%％]")
_WHOLE = Decimal(100)


def _rate(written: object) -> object:
    if isinstance(written, Decimal):
        return written
    # A float of TOML would not be what was written.
    if not isinstance(written, str) or not _RATE.fullmatch(written) or not Decimal(written):
        raise invalid(Message("cost.not-a-rate"))
    return Decimal(written)


Rate = Annotated[InstanceOf[Decimal], BeforeValidator(_rate)]


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """Whether budgets and limits are meant with tax."""

    text: str
    is_billed: bool = False
    """With the tax that the bill itself charges."""
    share: Decimal = Decimal(0)
    """Added to everything else, in place of the bill's own."""

    def __str__(self) -> str:
        return self.text


BILLED = TaxTerms("billed", is_billed=True)


def _tax(written: object) -> object:
    if isinstance(written, TaxTerms):
        return written
    if written == BILLED.text:
        return BILLED
    if written == "excluded":
        return TaxTerms("excluded")
    match = _TAX.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise invalid(Message("cost.not-a-tax"))
    return TaxTerms(str(written), share=Decimal(match[1]) / _WHOLE)


Tax = Annotated[InstanceOf[TaxTerms], BeforeValidator(_tax)]

Words = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1, max_length=100)
]


def _budgets(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from design.of(Budget)


def _checked(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from (row for row in design.of(Budget) if row.check is not None and not row.check.is_timed)


def _items(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from (row for row in design.of(Budget) if not row.is_total)


def _has_bills(_design: Design, bindings: Bindings, _name: str) -> bool:
    return bool(bindings.tables.get("bills"))


class BillBinding(Section):
    """`[bills.NAME]`: the settings of every kind of bill."""

    oldest: Annotated[Length, Assumed("cost.assumed-oldest", Message("cost.why-oldest"), _budgets)] = (
        timedelta(days=3)
    )
    """A bill whose newest day is longer ago says nothing about this month."""
    days: Literal["every", "some"] = "every"
    """`every`: a day without any charge is missing. `some`: it has cost nothing."""


class CostsBinding(Section):
    """`[costs]`: in which terms bills are compared with the budgets of chapter 11."""

    zone: Annotated[
        ZoneName, Assumed("cost.assumed-zone", Message("cost.why-zone"), _budgets, where=_has_bills)
    ] = "UTC"
    """The zone in which days and months begin; clouds charge by UTC."""
    rates: Mapping[Annotated[str, Field(pattern="^[A-Z]{3}$")], Rate] = {}
    """A currency → how many yen one of it is."""
    tax: Annotated[Tax, Assumed("cost.assumed-tax", Message("cost.why-tax"), _budgets, where=_has_bills)] = (
        BILLED
    )
    """`billed`, `excluded`, or the share that is added to what is charged before tax."""
    amounts: Annotated[
        Literal["billed", "effective"],
        Assumed("cost.assumed-amounts", Message("cost.why-amounts"), _budgets, where=_has_bills),
    ] = "billed"
    """What is charged on a day, or that with fees of a term spread over what they cover."""
    credits: Annotated[
        Literal["left-out", "counted"],
        Assumed("cost.assumed-credits", Message("cost.why-credits"), _budgets, where=_has_bills),
    ] = "left-out"
    """Whether credits lower what a budget has spent."""
    items: Annotated[
        Mapping[str, Words],
        Assumed("cost.assumed-items", Message("cost.why-items"), _items, where=_has_bills),
    ] = {}
    """An item of the document → its services, values of the tag, or accounts, as bills call them."""
    tag: str = Field(default="", max_length=200)
    """The tag by whose values charges are told apart."""
    check_at: Annotated[
        ClockTime, Assumed("cost.assumed-check", Message("cost.why-check"), _checked, where=_has_bills)
    ] = time(9)
    """When the checks of a row that names no clock time are due."""
    every: Length = timedelta(hours=1)
    """How often bills are looked at."""
    kept: Length = timedelta(days=1100)
    """How long the costs of a day are kept."""

    @property
    def tz(self) -> ZoneInfo:
        """The zone, ready to compute with."""
        return ZoneInfo(self.zone)


def _measure(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    yield from (row for row in design.of(CostMeasure) if row.name == name)


class CommitmentBinding(Section):
    """`[commitments.NAME]`: what a measure of chapter 11 has bought for a term."""

    services: Words
    """Whose use it covers, as bills call them."""
    until: date
    """The last day of its term."""
    warn_before: Annotated[Length, Assumed("cost.assumed-warning", Message("cost.why-warning"), _measure)] = (
        timedelta(days=60)
    )
    """How long before the end of its term it warns."""


def _measure_beside_batches(design: Design, bound: Section, name: str) -> Iterator[Clause]:
    if design.of(Batch):
        yield from _measure(design, bound, name)


def _hours(design: Design, bindings: Bindings, name: str) -> Hours | None:
    rows = (row for row in design.of(CostMeasure) if row.name == name)
    return next((busy_hours(row, design, bindings) for row in rows), None)


def _has_hours(design: Design, bindings: Bindings, name: str) -> bool:
    return _hours(design, bindings, name) is not None


def _least(design: Design, bindings: Bindings, name: str) -> Mapping[str, int]:
    rows = (row for row in design.of(CostMeasure) if row.name == name)
    return next((least_sizes(row, design, bindings) for row in rows), {})


def _has_least(design: Design, bindings: Bindings, name: str) -> bool:
    return bool(_least(design, bindings, name))


class OffHoursBinding(Section):
    """`[off_hours.NAME]`: which groups a measure of chapter 11 brings to their least, and when."""

    groups: Annotated[
        Mapping[str, Annotated[int, Field(ge=1, le=10_000)]],
        Field(max_length=100),
        Assumed("off-hours.assumed-groups", Message("off-hours.why-groups"), _measure, _has_least, _least),
    ] = {}
    """A `[scaling.GROUP]` → how many instances are left of it; empty: one of each that Toban scales."""
    busy: Annotated[
        WeekHours | None,
        Assumed("off-hours.assumed-busy", Message("off-hours.why-busy"), _measure, _has_hours, _hours),
    ] = None
    """When as many are needed as there are; None: the office's hours, by the measure's words."""
    ready_before: Annotated[
        Length, Assumed("off-hours.assumed-ready", Message("off-hours.why-ready"), _measure)
    ] = timedelta(minutes=30)
    """How long before those hours, and before a batch, a group gets back what was taken from it."""
    needed_by: Annotated[
        tuple[str, ...] | None,
        Assumed("off-hours.assumed-works", Message("off-hours.why-works"), _measure_beside_batches),
    ] = None
    """The works during which the groups stay as they are; by default every batch of the document."""
    mode: Mode = Mode.SHADOW
    """What Toban does when a group is not needed: only record what it would do, ask first, or lower it."""
    approval_within: Annotated[
        Length, Assumed("off-hours.assumed-approval", Message("off-hours.why-approval"), _measure)
    ] = ASSUMED_WITHIN
    """How long it waits for approval where its mode is to ask."""
    services: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    """The services, as bills call them, by whose price an hour that was not used is credited."""
    tag: str = Field(default="", max_length=200)
    """Only charges with this value of the tag that `[costs] tag` names."""


class LifecycleBinding(BucketAddress):
    """`[lifecycles.NAME]`: the bucket that a measure of chapter 11 is about, and what moves when."""

    prefix: str = Field(default="", max_length=1024)
    """Only objects whose keys begin with this."""
    after: Length
    """How old objects are when they move, in whole days: no document says what 古い is."""
    storage_class: Literal["", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"] = ""
    """Where they move; empty: any of these will do."""


def _measures(design: Design) -> set[str]:
    return {row.name for row in design.of(CostMeasure)}


COMMITMENTS = named("commitments", CommitmentBinding, names=_measures)
"""A measure of chapter 11 → what was bought for a term."""

OFF_HOURS = named("off_hours", OffHoursBinding, names=_measures)
"""A measure of chapter 11 → which groups have fewer instances when few are needed."""

LIFECYCLES = named("lifecycles", LifecycleBinding, names=_measures)
"""A measure of chapter 11 → the bucket whose old objects move to where they cost less."""

COSTS = single("costs", CostsBinding, CostsBinding())
"""In which terms bills are compared."""
