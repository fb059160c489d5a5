"""Exceptions in the monthly report, in the order in which they end."""

from datetime import timedelta

from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState
from toban.engine.reports.formula import CountOf, Formula, count
from toban.engine.reports.section import (
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
    cited,
)
from toban.message import Message, Value, plain

_SOON = timedelta(days=31)
_STATES = {each.value: Message(f"reports.exception-{each.value}") for each in ExceptionState}
_ENDS = {"soon": Message("reports.ends-soon"), "": plain("−")}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the exceptions that were in force in the month, and those that waited at its end."""
    month = occasion.month
    asked = RowException.objects.filter(asked_at__lt=month.cut, ends_at__gt=month.span[0])
    found = [each for each in asked.order_by("ends_at", "pk") if _concerns(each, occasion)]
    clauses = occasion.clauses()
    raw = RawTable(
        "exceptions",
        Message("reports.table-exceptions"),
        _COLUMNS,
        tuple(_row(each, cited(each.clause_id, clauses), occasion) for each in found),
    )
    formulas: dict[str, Formula] = {
        "listed": count("number"),
        "in-force": CountOf("state", ExceptionState.IN_FORCE.value),
        "asked": CountOf("state", ExceptionState.ASKED.value),
        "ending": CountOf("ends", "soon"),
    }
    figures = tuple(
        ReportFigure(
            key=f"exceptions-{key}",
            label=Message(f"reports.figure-exceptions-{key}"),
            table=raw,
            formula=formula,
        )
        for key, formula in formulas.items()
    )
    return ReportSection(ReportPart.EXCEPTIONS, figures, (raw,))


_COLUMNS = (
    RawColumn("number", Message("reports.column-number")),
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("row", Message("reports.column-row")),
    RawColumn("subject", Message("reports.column-subject")),
    RawColumn("reason", Message("reports.column-reason"), is_personal=True),
    RawColumn("by", Message("reports.column-by"), is_personal=True),
    RawColumn("granted_by", Message("reports.column-granted-by"), is_personal=True),
    RawColumn("until", Message("reports.column-until")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn("ends", Message("reports.column-ends"), _ENDS),
)


def _state(found: RowException, occasion: ReportOccasion) -> ExceptionState:
    """Return its state at the end of the month, or now: what was decided later did not hold then."""
    cut = occasion.month.cut
    if found.granted_at is None or found.granted_at >= cut:
        was_ended = found.granted_at is None and found.ended_at is not None and found.ended_at < cut
        return ExceptionState.REJECTED if was_ended else ExceptionState.ASKED
    is_over = found.ends_at <= cut or (found.ended_at is not None and found.ended_at < cut)
    return ExceptionState.ENDED if is_over else ExceptionState.IN_FORCE


def _concerns(found: RowException, occasion: ReportOccasion) -> bool:
    state = _state(found, occasion)
    if state is ExceptionState.REJECTED:
        return False
    return found.ended_at is None or found.ended_at >= occasion.month.span[0]


def _row(found: RowException, citation: str, occasion: ReportOccasion) -> tuple[Value, ...]:
    state, cut = _state(found, occasion), occasion.month.cut
    is_soon = state is ExceptionState.IN_FORCE and found.ends_at <= cut + _SOON
    return (
        found.pk, citation, found.clause_text, found.subject, found.reason, found.author_name,
        found.granted_by, occasion.local(found.ends_at), state.value, "soon" if is_soon else "",
    )  # fmt: skip
