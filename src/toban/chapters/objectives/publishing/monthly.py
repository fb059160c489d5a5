"""Service levels in the monthly report: with and without planned maintenance, day by day."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from toban.chapters.objectives import periods, rules
from toban.chapters.objectives.coverage import coverage, measured_since
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.report import figure, remains
from toban.chapters.objectives.rules import ErrorBudget, SliceTally
from toban.chapters.objectives.service import kept
from toban.chapters.objectives.sli import Sli
from toban.design.values.metric import Metric
from toban.engine.amounts import length
from toban.engine.evidence import status
from toban.engine.reports.formula import Constant, Formula, Minus, Over, total
from toban.engine.reports.month import ReportMonth
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
from toban.message import NOTHING, Message, Value, listing, plain

_KNOWN = Minus(total("covered"), total("planned_covered"))
"""The measured seconds without planned maintenance."""
_AMOUNT = Minus(total("amount"), total("planned_amount"))


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the levels of every objective that is measured, and name those that are not."""
    plan, clauses = occasion.edition.plan(OPERATION).levels, occasion.clauses()
    since = status.judged_since([each.objective.id for each in plan.slis])
    months = [_LevelMonth.of(each, number, occasion) for number, each in enumerate(plan.slis, 1)]
    unmeasured = [plain(f"{clauses[each].text} ({clauses[each].origin})") for each in plan.why_not]
    return ReportSection(
        ReportPart.LEVELS,
        tuple(figure for each in months for figure in each.figures(since.get(each.sli.objective.id))),
        tuple(each.table for each in months),
        tuple(each.chart for each in months),
        (Message("objectives.monthly-not-measured", rows=listing(unmeasured)),) if unmeasured else (),
    )


@dataclass(frozen=True, slots=True)
class _LevelMonth:
    """An objective in the month."""

    sli: Sli
    number: int
    month: ReportMonth
    days: Mapping[date, SliceTally]
    table: RawTable

    @classmethod
    def of(cls, sli: Sli, number: int, occasion: ReportOccasion) -> "_LevelMonth":
        """Read the days of the month that have begun."""
        month = occasion.month
        days = kept(sli.indicator, month.first, month.last + timedelta(days=1))
        title = Message("objectives.monthly-days", name=sli.objective.name, by=sli.measured_by)
        rows = tuple(_row(day, known, sli.metric) for day, known in sorted(days.items()))
        table = RawTable(f"levels-{number}", title, _COLUMNS, rows, is_listed=False)
        return cls(sli, number, month, days, table)

    @property
    def chart(self) -> ReportChart:
        """The level of each day, without planned maintenance."""
        title = Message("objectives.monthly-by-day", name=self.sli.objective.name)
        unit = "ms" if self.sli.metric is Metric.RESPONSE_TIME else "%"
        return ReportChart(title, self.table, "day", "level", unit, self.sli.limit)

    def figures(self, in_force: datetime | None) -> Iterator[ReportFigure]:
        """Yield the level without and with planned maintenance, what is known, and what the budget has left.

        *in_force*: when its row was first judged.
        """
        scale = 100 if self.sli.metric is Metric.UP else 1
        unplanned = self._figure("unplanned", Over(_AMOUNT, _KNOWN, scale), read=self._level)
        yield replace(unplanned, is_kept=self._is_kept(unplanned.number, in_force), note=self._note)
        yield self._figure("counted", Over(total("amount"), total("covered"), scale), read=self._level)
        known = Over(total("covered"), Constant(self._passed), 100)
        yield self._figure("known", known, unit=FigureUnit.PERCENT)
        yield self._figure("planned", total("planned_covered"), unit=FigureUnit.SECONDS)
        allowed = rules.allowed_share(self.sli.metric, self.sli.limit)
        if allowed is not None and unplanned.number is not None:
            yield self._budget(periods.length(self.month.span) * allowed)

    @property
    def _passed(self) -> float:
        return periods.length((self.month.span[0], self.month.cut)).total_seconds()

    @property
    def _note(self) -> Message:
        """That part of the month was not measured; nothing if all of it was."""
        covered = sum(each.covered for each in self.days.values())
        missing = timedelta(seconds=max(self._passed - covered, 0))
        if missing <= rules.SLICE:
            return NOTHING
        return Message("objectives.monthly-unknown", unknown=length(missing))

    def _is_kept(self, number: float | None, in_force: datetime | None) -> bool | None:
        """Return whether the objective was kept, as its page says it: None if too little is known."""
        if number is None:
            return None
        zone, known_at = self.month.zone, self.month.known_at
        since = measured_since(self.days, in_force or known_at, zone, known_at)
        due = max(self.month.span[0], since), self.month.cut
        is_known = coverage(self.days, due, zone).is_enough(self.sli.needed)
        keeps = rules.keeps(self.sli.objective.target.comparison, number, self.sli.limit)
        return keeps if is_known or not keeps else None

    def _budget(self, allowed: timedelta) -> ReportFigure:
        """Return what is left of the month's error budget, in seconds."""
        metric = self.sli.metric
        bad = Minus(_KNOWN, _AMOUNT) if metric is Metric.UP else Over(_AMOUNT, Constant(100))

        def read(left: float) -> Message:
            return remains(metric, ErrorBudget(allowed, allowed - timedelta(seconds=left)))

        left = Minus(Constant(allowed.total_seconds()), bad)
        return self._figure("budget-left", left, read=read, unit=FigureUnit.SECONDS)

    def _level(self, number: float) -> Message:
        return figure(self.sli.metric, number / 100 if self.sli.metric is Metric.UP else number)

    def _figure(
        self,
        key: str,
        formula: Formula,
        *,
        unit: FigureUnit = FigureUnit.PERCENT,
        read: Callable[[float], Message] | None = None,
    ) -> ReportFigure:
        objective = self.sli.objective
        if self.sli.metric is Metric.RESPONSE_TIME and read == self._level:
            unit = FigureUnit.MILLISECONDS
        return ReportFigure(
            key=f"level-{self.number}-{key}",
            label=Message(f"objectives.monthly-{key}", name=objective.name),
            table=self.table,
            formula=formula,
            unit=unit,
            read=read,
            clause=objective,
            target=plain(str(objective.target)) if key == "unplanned" else NOTHING,
        )


_COLUMNS = (
    RawColumn("day", Message("reports.column-day")),
    RawColumn("covered", Message("objectives.monthly-covered")),
    RawColumn("amount", Message("objectives.monthly-amount")),
    RawColumn("planned_covered", Message("objectives.monthly-planned-covered")),
    RawColumn("planned_amount", Message("objectives.monthly-planned-amount")),
    RawColumn("level", Message("objectives.monthly-level")),
)


def _row(day: date, known: SliceTally, metric: Metric) -> tuple[Value, ...]:
    mean = known.mean_unplanned
    level = rules.in_unit(metric, mean) if mean is not None else None
    return f"{day}", known.covered, known.amount, known.planned_covered, known.planned_amount, level
