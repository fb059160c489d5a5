"""Releases in the monthly report: DORA's four figures of each service, and the releases behind them."""

from collections.abc import Iterator

from toban.chapters.release.models import Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.rows import dora
from toban.chapters.release.rows.deliveries import deliveries_of
from toban.chapters.release.rows.dora import CountedDeliveries, Figures
from toban.engine.reports.formula import ColumnStatistic, Constant, CountOf, Formula, Of, Over, count
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import Message, Value

_FAILED, _FINE = "failed", "fine"
_OUTCOMES = {each: Message(f"release-rows.monthly-{each}") for each in (_FAILED, _FINE)}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the deployments of the month to each service's last environment."""
    plan = occasion.edition.plan(OPERATION)
    figures: list[ReportFigure] = []
    tables: list[RawTable] = []
    notes: list[Message] = []
    for number, service in enumerate((each for each in plan.services if plan.of(each)), 1):
        last = plan.of(service)[-1]
        # What became of a deployment later counts, as on the page.
        span, now = occasion.month.span, occasion.month.known_at
        found = deliveries_of(last.name, span)
        counted = dora.counted_in(found, span, now)
        made = _made(counted, number, service, occasion)
        waits, restores = _waits(counted, number, service), _restores(counted, number, service)
        tables += [made, waits, restores]
        known = dora.figures(found, span, now)
        figures += _figures(number, service, made, waits, restores, known)
        if known.too_few:
            notes.append(Message("release-rows.monthly-of-service", service=service, said=known.too_few))
    return ReportSection(ReportPart.RELEASES, tuple(figures), tuple(tables), notes=tuple(notes))


_MADE = (
    RawColumn("number", Message("reports.column-number")),
    RawColumn("version", Message("release-rows.monthly-version")),
    RawColumn("kind", Message("reports.column-kind")),
    RawColumn("served", Message("release-rows.monthly-served")),
    RawColumn("outcome", Message("reports.column-state"), _OUTCOMES),
    RawColumn("cause", Message("reports.column-reason"), is_personal=True),
    RawColumn("by", Message("reports.column-by"), is_personal=True),
)
_WAITS = (
    RawColumn("release", Message("reports.column-number")),
    RawColumn("seconds", Message("reports.column-seconds")),
)


def _made(counted: CountedDeliveries, number: int, service: str, occasion: ReportOccasion) -> RawTable:
    releases = Release.objects.select_related("artifact").in_bulk([each.number for each in counted.made])

    def rows() -> Iterator[tuple[Value, ...]]:
        for each in counted.made:
            release = releases[each.number]
            outcome = _FAILED if each.number in counted.failed else _FINE
            yield (
                each.number, release.artifact.label, release.kind, occasion.local(each.served_at), outcome,
                release.cause, release.ordered_by,
            )  # fmt: skip

    return RawTable(f"releases-{number}", _title("releases", service), _MADE, tuple(rows()))


def _waits(counted: CountedDeliveries, number: int, service: str) -> RawTable:
    rows = tuple(
        (each.number, max((each.served_at - at).total_seconds(), 0.0))
        for each in counted.made
        for at in each.changes
    )
    return RawTable(f"lead-times-{number}", _title("lead-times", service), _WAITS, rows, is_listed=False)


def _restores(counted: CountedDeliveries, number: int, service: str) -> RawTable:
    rows = tuple((each.number, max(took.total_seconds(), 0.0)) for each, took in counted.restores)
    return RawTable(f"restores-{number}", _title("restores", service), _WAITS, rows, is_listed=False)


def _title(what: str, service: str) -> Message:
    return Message(f"release-rows.monthly-table-{what}", service=service)


def _figures(
    number: int, service: str, made: RawTable, waits: RawTable, restores: RawTable, known: Figures
) -> Iterator[ReportFigure]:
    def figure(key: str, table: RawTable, formula: Formula, unit: FigureUnit) -> ReportFigure:
        label = Message(f"release-rows.monthly-figure-{key}", service=service)
        return ReportFigure(
            key=f"release-{number}-{key}", label=label, table=table, formula=formula, unit=unit
        )

    failures = CountOf("outcome", _FAILED)
    yield figure("deployments", made, count("number"), FigureUnit.COUNT)
    if known.days:
        per_week = Over(count("number"), Constant(known.days), 7)
        yield figure("per-week", made, per_week, FigureUnit.RATE)
    yield figure("lead-time", waits, Of(ColumnStatistic.MEDIAN, "seconds"), FigureUnit.SECONDS)
    yield figure("failure-rate", made, Over(failures, count("number"), 100), FigureUnit.USE)
    yield figure("restore-time", restores, Of(ColumnStatistic.MEDIAN, "seconds"), FigureUnit.SECONDS)
