"""Capacity in the monthly report: what was used day by day, and when the limit is reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import isnan

from toban.chapters.capacity.amounts import amount, percent
from toban.chapters.capacity.forecasting.series import UsageSeries
from toban.chapters.capacity.known import KnownResource, known
from toban.chapters.capacity.measuring.history import days_of
from toban.chapters.capacity.models import ResourceReading
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.outlooks import outlook_of
from toban.engine.reports.formula import ColumnStatistic, Constant, Of, Over, SumWhere
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportChart,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.message import NOTHING, Message, Value, plain

_DAY = timedelta(days=1)


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the use of each resource that is measured, and its forecast from the month's last day."""
    plan = occasion.edition.plan(OPERATION)
    resources = known(plan)
    if not resources:
        return ReportSection(ReportPart.CAPACITY, notes=(Message("capacity.monthly-nothing-measured"),))
    names = [each.resource.row.resource for each in resources]
    try:
        days = days_of(telemetry(), names, plan.system, occasion.month.cut)
    except (StoreUnavailable, StoreRefused):
        return ReportSection(ReportPart.CAPACITY, notes=(Message("capacity.monthly-no-store"),))
    months = [
        _ResourceMonth.of(each, number, days.get(name), occasion)
        for number, (name, each) in enumerate(zip(names, resources, strict=True), 1)
    ]
    outlooks = RawTable(
        "capacity", Message("capacity.monthly-table"), _OUTLOOKS, tuple(each.row for each in months)
    )
    figures = (figure for each in months for figure in each.figures(outlooks))
    return ReportSection(
        ReportPart.CAPACITY,
        tuple(figures),
        (outlooks, *(each.table for each in months)),
        tuple(each.chart for each in months),
        (Message("capacity.monthly-note"),),
    )


_OUTLOOKS = (
    RawColumn("resource", Message("capacity.monthly-resource")),
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("used", Message("capacity.monthly-used")),
    RawColumn("limit", Message("capacity.monthly-limit")),
    RawColumn("level", Message("capacity.monthly-level")),
    RawColumn("days", Message("capacity.monthly-days")),
    RawColumn("on", Message("capacity.monthly-on")),
    RawColumn("said", Message("capacity.monthly-forecast")),
)
_DAYS = (
    RawColumn("day", Message("reports.column-day")),
    RawColumn("used", Message("capacity.monthly-used")),
    RawColumn("share", Message("capacity.monthly-share")),
)


@dataclass(frozen=True, slots=True)
class _ResourceMonth:
    """A resource in the month."""

    then: KnownResource
    """With its use and forecast as they were on the day after the last that was over."""
    number: int
    table: RawTable
    row: tuple[Value, ...]
    days_left: int | None
    """From the end of the month until its level is reached; None if that is not forecast."""

    @classmethod
    def of(
        cls, now: KnownResource, number: int, days: UsageSeries | None, occasion: ReportOccasion
    ) -> "_ResourceMonth":
        """Return the month of what is known *now*; *days* are those before its end."""
        month, row = occasion.month, now.resource.row
        used = _in_month(days, month.first)
        last = [*used.values()][-1] if used else None
        reading = ResourceReading(used=last, limit=now.reading.limit if now.reading is not None else None)
        then = KnownResource(now.resource, reading, outlook_of(row.resource, days, month.cut))
        title = Message("capacity.monthly-days-of", name=row.resource)
        table = RawTable(f"capacity-{number}", title, _DAYS, tuple(_rows(used, then.limit)), is_listed=False)
        left = then.days_left(month.cut.astimezone(month.zone).date())
        reached = then.reaches(then.level)
        on = reached.on if reached is not None else None
        cells = (
            row.resource, str(row.origin), _said(then, last), _said(then, then.limit), percent(then.level),
            left, f"{on}" if on is not None else "", then.words,
        )  # fmt: skip
        return cls(then, number, table, cells, left)

    @property
    def chart(self) -> ReportChart:
        """The share of the limit, day by day, and the level that is waited for."""
        title = Message("capacity.monthly-by-day", name=self.then.resource.row.resource)
        return ReportChart(title, self.table, "day", "share", "%", self.then.level * 100)

    def figures(self, outlooks: RawTable) -> Iterator[ReportFigure]:
        """Yield the peak, its share of the limit, and the days until the level is reached."""
        row, limit = self.then.resource.row, self.then.limit
        peak = Of(ColumnStatistic.MAX, "used")
        yield ReportFigure(
            key=f"capacity-{self.number}-peak",
            label=Message("capacity.monthly-figure-peak", name=row.resource),
            table=self.table,
            formula=peak,
            read=lambda number: plain(amount(number, self.then.resource.unit)),
            clause=row,
        )
        share = Over(peak, Constant(limit), 100)
        number = share.value(self.table.column)
        yield ReportFigure(
            key=f"capacity-{self.number}-share",
            label=Message("capacity.monthly-figure-share", name=row.resource),
            table=self.table,
            formula=share,
            unit=FigureUnit.USE,
            clause=row,
            target=plain(str(row.extend_at)) if row.extend_at is not None else NOTHING,
            is_kept=None if number is None or row.extend_at is None else number < self.then.level * 100,
        )
        if self.days_left is not None:
            yield ReportFigure(
                key=f"capacity-{self.number}-days",
                label=Message(
                    "capacity.monthly-figure-days", name=row.resource, share=percent(self.then.level)
                ),
                table=outlooks,
                formula=SumWhere("days", "resource", row.resource),
                clause=row,
                note=self.then.words,
            )


def _in_month(days: UsageSeries | None, first: date) -> Mapping[date, float]:
    """Return what was used on the measured days from *first* on, in their order."""
    if days is None:
        return {}
    dates = ((days.first + number * _DAY, value) for number, value in enumerate(days.values.tolist()))
    return {day: value for day, value in dates if day >= first and not isnan(value)}


def _rows(used: Mapping[date, float], limit: float) -> Iterator[tuple[Value, ...]]:
    for day, value in used.items():
        yield f"{day}", value, value / limit * 100 if limit > 0 else None


def _said(of: KnownResource, value: float | None) -> str:
    return "" if value is None else amount(value, of.resource.unit)
