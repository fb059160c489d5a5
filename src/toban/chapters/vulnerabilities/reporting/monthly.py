"""Scans and vulnerabilities in the monthly report: what was found, how fast it was mended, what is late."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.models import Vulnerability, VulnerabilityScan
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.engine.reports.formula import ColumnStatistic, CountOf, Formula, Of, count
from toban.engine.reports.month import ReportMonth
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
from toban.message import Message, Value

_WHOLE, _GAPS = "whole", "gaps"
_SCANNED = {each: Message(f"vulnerabilities.monthly-scan-{each}") for each in (_WHOLE, _GAPS)}
_RATINGS = {each.value: Message(f"vulnerabilities.rated-{each.value}") for each in Rating}
_OPEN, _CLOSED, _MENDED, _LATE, _NEW = "open", "closed", "mended", "late", "new"
_STATES = {each: Message(f"vulnerabilities.monthly-{each}") for each in (_OPEN, _CLOSED, _MENDED)}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the scans of the month, and the vulnerabilities that were there at any time in it."""
    if not VulnerabilityScan.objects.filter(at__lt=occasion.month.cut).exists():
        return ReportSection(ReportPart.SECURITY, notes=(Message("vulnerabilities.monthly-no-scan"),))
    scans = RawTable("scans", _title("scans"), _SCANS, tuple(_scans(occasion)))
    found = RawTable("vulnerabilities", _title("found"), _FOUND, tuple(_found(occasion)))
    return ReportSection(
        ReportPart.SECURITY,
        tuple(_figures(scans, found)),
        (found, scans),
        notes=(Message("vulnerabilities.monthly-note-end"),),
    )


def _title(what: str) -> Message:
    return Message(f"vulnerabilities.monthly-table-{what}")


_SCANS = (
    RawColumn("run", Message("reports.column-run")),
    RawColumn("at", Message("reports.column-began")),
    RawColumn("inventories", Message("vulnerabilities.monthly-inventories")),
    RawColumn("packages", Message("vulnerabilities.monthly-packages")),
    RawColumn("compared", Message("vulnerabilities.monthly-compared")),
    RawColumn("state", Message("reports.column-state"), _SCANNED),
    RawColumn("gaps", Message("vulnerabilities.monthly-gaps")),
)
_FOUND = (
    RawColumn("number", Message("reports.column-number")),
    RawColumn("name", Message("vulnerabilities.monthly-name")),
    RawColumn("package", Message("vulnerabilities.monthly-package")),
    RawColumn("inventory", Message("vulnerabilities.monthly-inventory")),
    RawColumn("rating", Message("vulnerabilities.monthly-rating"), _RATINGS),
    RawColumn("seen", Message("vulnerabilities.monthly-seen")),
    RawColumn("ended", Message("vulnerabilities.monthly-ended")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn(
        "late", Message("vulnerabilities.monthly-late"), {_LATE: Message("vulnerabilities.monthly-is-late")}
    ),
    RawColumn("is_new", Message("vulnerabilities.monthly-new"), is_listed=False),
    RawColumn("open_as", Message("vulnerabilities.monthly-open-as"), is_listed=False),
    *(RawColumn(f"fixed_{each}", _RATINGS[each], is_listed=False) for each in _RATINGS),
)


def _scans(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    start, cut = occasion.month.span[0], occasion.month.cut
    for each in VulnerabilityScan.objects.filter(at__gte=start, at__lt=cut).order_by("at", "run"):
        yield (
            each.run, occasion.local(each.at), each.inventories, each.packages, each.compared,
            _GAPS if each.gaps else _WHOLE, len(each.gaps),
        )  # fmt: skip


def _found(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    month, limits = occasion.month, occasion.edition.plan(OPERATION).terms.limits
    there = Vulnerability.objects.filter(Q(ended_at=None) | Q(ended_at__gte=month.span[0]))
    for each in there.filter(first_seen__lt=month.cut).order_by("rank", "first_seen", "pk").iterator():
        ended = each.ended_at if month.holds(each.ended_at) else None
        state = _state(each, ended, month)
        yield (
            each.pk, each.name, each.package, each.inventory, each.rating, occasion.local(each.first_seen),
            occasion.local(ended), state,
            _LATE if _is_late(each, ended, limits.get(Rating(each.rating)), month) else "",
            _NEW if month.holds(each.first_seen) else "", each.rating if state == _OPEN else "",
            *_fixed(each, ended),
        )  # fmt: skip


def _state(each: Vulnerability, ended: datetime | None, month: ReportMonth) -> str:
    if ended is not None:
        return _MENDED
    return _CLOSED if each.closed_at is not None and each.closed_at < month.cut else _OPEN


def _is_late(
    each: Vulnerability, ended: datetime | None, limit: timedelta | None, month: ReportMonth
) -> bool:
    """Return whether it was over its limit in the month: until its end, or until it was mended or closed."""
    if limit is None:
        return False
    over = min(at for at in (ended, each.closed_at, month.cut) if at is not None)
    return each.due_at(limit) <= over and over >= month.span[0]


def _fixed(each: Vulnerability, ended: datetime | None) -> Iterator[float | None]:
    """Yield under its rating how long it was there; nothing under the others, or while it is."""
    for rating in _RATINGS:
        yield seconds_between(each.first_seen, ended) if rating == each.rating else None


def _figures(scans: RawTable, found: RawTable) -> Iterator[ReportFigure]:
    yield _figure("scans", scans, count("run"))
    yield _figure("scans-with-gaps", scans, CountOf("state", _GAPS))
    yield _figure("new", found, CountOf("is_new", _NEW))
    yield _figure("mended", found, CountOf("state", _MENDED))
    yield _figure("closed", found, CountOf("state", _CLOSED))
    yield _figure("late", found, CountOf("late", _LATE))
    for rating, word in _RATINGS.items():
        yield _figure(f"open-{rating}", found, CountOf("open_as", rating), rating=word)
    for rating, word in _RATINGS.items():
        fixed = Of(ColumnStatistic.MEDIAN, f"fixed_{rating}")
        yield _figure(f"fixed-{rating}", found, fixed, FigureUnit.SECONDS, rating=word)


def _figure(
    key: str, table: RawTable, formula: Formula, unit: FigureUnit = FigureUnit.COUNT, **rated: Message
) -> ReportFigure:
    code = key.partition("-")[0] if rated else key
    values: Mapping[str, Message] = rated
    label = Message(f"vulnerabilities.monthly-figure-{code}", **values)
    return ReportFigure(key=f"vulnerabilities-{key}", label=label, table=table, formula=formula, unit=unit)
