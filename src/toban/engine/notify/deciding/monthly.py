"""Alerts in the monthly report: how many, how fast they were acknowledged and over, and from which rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from toban.design.clauses.base import Clause
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.reports.formula import ColumnStatistic, CountOf, Of, count
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
    cited,
    seconds_between,
)
from toban.message import Message, Value

_CONDITIONS: Mapping[str, Message] = {
    each.value: Message(f"reports.condition-{each.value}") for each in Condition
}
_BAD = (Condition.CRITICAL, Condition.WARNING, Condition.NO_DATA)
_OPEN, _OVER = "open", "over"
_STATES = {_OPEN: Message("reports.alert-open"), _OVER: Message("reports.alert-over")}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the alerts that opened in the month; what only reports that something happened is none."""
    month, clauses = occasion.month, occasion.clauses()
    opened = Alert.objects.filter(opened_at__gte=month.span[0], opened_at__lt=month.cut).order_by("pk")
    found = [each for each in opened if not each.is_event and each.condition != Condition.INFO]
    raw = RawTable(
        "alerts",
        Message("reports.table-alerts"),
        _COLUMNS,
        tuple(_row(each, cited(each.clause_id, clauses), occasion) for each in found),
        is_listed=False,
    )
    by_row = RawTable(
        "alerts-by-row", Message("reports.table-alerts-by-row"), _BY_ROW, tuple(_by_row(found, clauses))
    )
    note = Message("reports.note-last-condition")
    return ReportSection(ReportPart.ALERTS, _figures(raw), (by_row, raw), notes=(note,))


_COLUMNS = (
    RawColumn("number", Message("reports.column-number")),
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("subject", Message("reports.column-subject")),
    RawColumn("condition", Message("reports.column-condition"), _CONDITIONS),
    RawColumn("opened", Message("reports.column-opened")),
    RawColumn("acknowledged", Message("reports.column-acknowledged")),
    RawColumn("resolved", Message("reports.column-resolved")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn("to_acknowledge", Message("reports.column-to-acknowledge")),
    RawColumn("to_resolve", Message("reports.column-to-resolve")),
)
_BY_ROW = (
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("row", Message("reports.column-row")),
    *(RawColumn(each.value, Message(f"reports.condition-{each.value}")) for each in _BAD),
)


def _row(alert: Alert, citation: str, occasion: ReportOccasion) -> tuple[Value, ...]:
    local = occasion.local
    is_over = alert.resolved_at is not None and alert.resolved_at < occasion.month.cut
    return (
        alert.pk, citation, alert.subject, alert.condition, local(alert.opened_at),
        local(alert.acknowledged_at), local(alert.resolved_at), _OVER if is_over else _OPEN,
        seconds_between(alert.opened_at, alert.acknowledged_at),
        seconds_between(alert.opened_at, alert.resolved_at),
    )  # fmt: skip


def _by_row(found: Iterable[Alert], clauses: Mapping[str, Clause]) -> Iterable[tuple[Value, ...]]:
    by_clause: dict[str, list[Alert]] = defaultdict(list)
    for each in found:
        by_clause[each.clause_id].append(each)
    for clause_id, alerts in sorted(by_clause.items(), key=lambda each: (-len(each[1]), each[0])):
        text = clauses[clause_id].text if clause_id in clauses else alerts[-1].clause_text
        counts = Counter(each.condition for each in alerts)
        yield cited(clause_id, clauses), text, *(counts[each] for each in _BAD)


def _figures(raw: RawTable) -> tuple[ReportFigure, ...]:
    def figure(key: str, formula: CountOf | Of, unit: FigureUnit = FigureUnit.COUNT) -> ReportFigure:
        label = Message(f"reports.figure-alerts-{key}")
        return ReportFigure(key=f"alerts-{key}", label=label, table=raw, formula=formula, unit=unit)

    seconds = FigureUnit.SECONDS
    return (
        figure("opened", count("number")),
        figure("critical", CountOf("condition", Condition.CRITICAL.value)),
        figure("warning", CountOf("condition", Condition.WARNING.value)),
        figure("no-data", CountOf("condition", Condition.NO_DATA.value)),
        figure("open", CountOf("state", _OPEN)),
        figure("acknowledged", count("to_acknowledge")),
        figure("to-acknowledge", Of(ColumnStatistic.AVERAGE, "to_acknowledge"), seconds),
        figure("to-resolve", Of(ColumnStatistic.AVERAGE, "to_resolve"), seconds),
    )
