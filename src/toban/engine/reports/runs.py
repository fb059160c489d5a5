"""Runs of the ledger as raw rows: what ran in a month, what failed, and what did not run."""

from collections.abc import Mapping

from django.db.models import QuerySet

from toban.engine.reports.formula import CountOf, Formula, Minus, Over, Plus, count
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    cited,
    seconds_between,
)
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.message import Message, Value

STATES: Mapping[str, Message] = {
    each.value: Message(f"reports.run-{each.value}")
    for each in (*Run.OPEN, Run.State.DONE, Run.State.FAILED, Run.State.MISSED, Run.State.SKIPPED,
                 Run.State.CANCELLED, Run.State.SHADOW)
}  # fmt: skip
_OWED = (Run.State.DONE, Run.State.FAILED, Run.State.MISSED, Run.State.SKIPPED, Run.State.CANCELLED)
"""How a run that was owed can have ended; one in shadow proves nothing."""


def runs_table(
    key: str,
    title: Message,
    works: QuerySet[PlannedWork],
    occasion: ReportOccasion,
    *,
    is_listed: bool = True,
) -> RawTable:
    """Return the runs of *works* that were due in the month; what was withdrawn was not owed."""
    month, clauses = occasion.month, occasion.clauses()
    found = Run.objects.filter(
        work__in=works.values("key"), due_at__gte=month.span[0], due_at__lt=month.cut
    ).exclude(reason=RunReason.WITHDRAWN)
    rows = (_row(each, cited(each.clause_id, clauses), occasion) for each in found.order_by("due_at", "pk"))
    return RawTable(key, title, _COLUMNS, tuple(rows), is_listed=is_listed)


def troubled(table: RawTable, key: str, title: Message) -> RawTable:
    """Return the rows of *table* that did not end as they should, or have not ended."""
    place = [each.key for each in table.columns].index("state")
    fine = (Run.State.DONE.value, Run.State.SHADOW.value)
    return RawTable(key, title, table.columns, tuple(row for row in table.rows if row[place] not in fine))


def run_figures(table: RawTable, prefix: str) -> tuple[ReportFigure, ...]:
    """Return how many runs there were, how they ended, and the share that was done of all that was owed."""
    done = CountOf("state", Run.State.DONE.value)
    owed = Plus(tuple(CountOf("state", each.value) for each in _OWED))
    waits = Plus(tuple(CountOf("state", each.value) for each in Run.OPEN))
    figures: Mapping[str, tuple[Message, Formula, FigureUnit]] = {
        "due": (Message("reports.figure-due"), count("number"), FigureUnit.COUNT),
        "done": (Message("reports.figure-done"), done, FigureUnit.COUNT),
        "not-done": (Message("reports.figure-not-done"), Minus(owed, done), FigureUnit.COUNT),
        "open": (Message("reports.figure-open"), waits, FigureUnit.COUNT),
        "shadow": (
            Message("reports.figure-shadow"),
            CountOf("state", Run.State.SHADOW.value),
            FigureUnit.COUNT,
        ),
        "done-share": (Message("reports.figure-done-share"), Over(done, owed, 100), FigureUnit.PERCENT),
    }
    return tuple(
        ReportFigure(key=f"{prefix}-{name}", label=label, table=table, formula=formula, unit=unit)
        for name, (label, formula, unit) in figures.items()
    )


_COLUMNS = (
    RawColumn("number", Message("reports.column-run")),
    RawColumn("work", Message("reports.column-work")),
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("due", Message("reports.column-due")),
    RawColumn("state", Message("reports.column-state"), STATES),
    RawColumn("reason", Message("reports.column-code"), is_listed=False),
    RawColumn("began", Message("reports.column-began"), is_listed=False),
    RawColumn("ended", Message("reports.column-ended")),
    RawColumn("seconds", Message("reports.column-seconds")),
    RawColumn("note", Message("reports.column-note"), is_personal=True),
)


def _row(run: Run, citation: str, occasion: ReportOccasion) -> tuple[Value, ...]:
    local = occasion.local
    return (
        run.pk, run.work, citation, local(run.due_at), run.state, run.reason,
        local(run.began_at), local(run.ended_at), seconds_between(run.began_at, run.ended_at), run.note,
    )  # fmt: skip
