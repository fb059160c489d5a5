"""Incidents in the monthly report: the list, how fast they were answered and over, and their reports."""

from collections.abc import Mapping, Sequence

from toban.chapters.incident.figures import IncidentSpan
from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.spans import spans_of
from toban.design.clauses.incident import IncidentLevel
from toban.engine.reports.formula import ColumnStatistic, CountOf, Minus, Of, Plus, count
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
    seconds_between,
)
from toban.message import NOTHING, Message, Value

_ONGOING, _OVER = "ongoing", "over"
_STATES = {each: Message(f"incident-reports.monthly-{each}") for each in (_ONGOING, _OVER)}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the incidents that were detected in the month; drills and merged ones don't count."""
    plan, month = occasion.edition.plan(OPERATION), occasion.month
    spans = [each for each in spans_of(plan, month.span[0], month.cut) if each.counts]
    raw = RawTable(
        "incidents", Message("incident-reports.monthly-table"), _COLUMNS, tuple(_rows(spans, occasion))
    )
    levels = {each.name: each for each in plan.levels}
    notes = tuple(note for note in (_still_open(occasion),) if note)
    return ReportSection(ReportPart.INCIDENTS, _figures(raw, levels), (raw,), notes=notes)


_COLUMNS = (
    RawColumn("number", Message("reports.column-number")),
    RawColumn("title", Message("incident-reports.monthly-title")),
    RawColumn("level", Message("incident-reports.monthly-level")),
    RawColumn("detected", Message("incident-reports.monthly-detected")),
    RawColumn("responded", Message("incident-reports.monthly-responded")),
    RawColumn("recovered", Message("incident-reports.monthly-recovered")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn("to_response", Message("incident-reports.monthly-to-response")),
    RawColumn("to_recovery", Message("incident-reports.monthly-to-recovery")),
    RawColumn("reports", Message("incident-reports.monthly-reports")),
)


def _rows(spans: Sequence[IncidentSpan], occasion: ReportOccasion) -> Sequence[tuple[Value, ...]]:
    numbers = [each.number for each in spans]
    titles = dict(Incident.objects.filter(pk__in=numbers).values_list("pk", "title"))
    approved = _approved(numbers)
    local = occasion.local
    return [
        (
            each.number, titles[each.number], each.level, local(each.detected_at), local(each.responded_at),
            local(each.recovered_at), _OVER if each.recovered_at is not None else _ONGOING,
            seconds_between(each.detected_at, each.responded_at),
            seconds_between(each.detected_at, each.recovered_at), approved.get(each.number, NOTHING),
        )
        for each in spans
    ]  # fmt: skip


def _approved(numbers: Sequence[int]) -> Mapping[int, Message]:
    """Return the newest approved report of each incident."""
    found = IncidentReport.objects.filter(incident__in=numbers, state=IncidentReport.State.APPROVED)
    return {
        each.incident_id: Message(f"incident-reports.monthly-{each.kind}", version=each.version)
        for each in found.order_by("approved_at", "pk")
    }


def _still_open(occasion: ReportOccasion) -> Message:
    """Say how many incidents of earlier months had not recovered when this one began."""
    start = occasion.month.span[0]
    earlier = Incident.objects.filter(detected_at__lt=start, is_drill=False, merged_into=None)
    open_then = earlier.exclude(recovered_at__lte=start).exclude(closed_at__lte=start)
    found = open_then.count()
    return Message("incident-reports.monthly-from-before", count=found) if found else NOTHING


def _figures(raw: RawTable, levels: Mapping[str, IncidentLevel]) -> tuple[ReportFigure, ...]:
    def figure(key: str, formula: CountOf | Of, unit: FigureUnit = FigureUnit.COUNT) -> ReportFigure:
        label = Message(f"incident-reports.monthly-figure-{key}")
        return ReportFigure(key=f"incidents-{key}", label=label, table=raw, formula=formula, unit=unit)

    times = {
        f"{name}-{word}": Of(statistic, column)
        for name, column in (("response", "to_response"), ("recovery", "to_recovery"))
        for word, statistic in (("mean", ColumnStatistic.AVERAGE), ("longest", ColumnStatistic.MAX))
    }
    return (
        figure("count", count("number")),
        *(_of_level(raw, number, name, row) for number, (name, row) in enumerate(levels.items(), 1)),
        *((_of_no_level(raw, levels),) if levels else ()),
        figure("ongoing", CountOf("state", _ONGOING)),
        *(figure(key, formula, FigureUnit.SECONDS) for key, formula in times.items()),
    )


def _of_no_level(raw: RawTable, levels: Mapping[str, IncidentLevel]) -> ReportFigure:
    """Return how many have none of *levels*: the figures of all levels give the whole."""
    label = Message("incident-reports.monthly-figure-no-level")
    formula = Minus(count("number"), Plus(tuple(CountOf("level", name) for name in levels)))
    return ReportFigure(key="incidents-no-level", label=label, table=raw, formula=formula)


def _of_level(raw: RawTable, number: int, name: str, row: IncidentLevel) -> ReportFigure:
    label = Message("incident-reports.monthly-figure-level", level=name)
    formula = CountOf("level", name)
    return ReportFigure(key=f"incidents-level-{number}", label=label, table=raw, formula=formula, clause=row)
