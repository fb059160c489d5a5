"""The report's last part but one: what the document schedules for the next month."""

from collections.abc import Iterator
from datetime import timedelta

from toban.engine.calendar.agenda import Agenda, AgendaEntry, SchedulesOf, agenda, every_day
from toban.engine.reports.section import RawColumn, RawTable, ReportOccasion, ReportPart, ReportSection
from toban.message import Message, Value, plain


def section(occasion: ReportOccasion, schedules: SchedulesOf) -> ReportSection:
    """Return the next month's calendar; what occurs every day stands first, once."""
    first = occasion.month.following
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    system = occasion.edition.bindings.system
    found = agenda(occasion.edition.design, system, first, last, schedules)
    calendar = RawTable("calendar", Message("reports.table-calendar"), _COLUMNS, tuple(_rows(found)))
    holidays = [plain(f"{day.date:%m-%d} {day.holiday}") for day in found.days if day.holiday]
    said = (
        Message("reports.note-holidays", days=tuple(holidays)) if holidays else Message("reports.no-holidays")
    )
    return ReportSection(ReportPart.CALENDAR, tables=(calendar,), notes=(said,))


_COLUMNS = (
    RawColumn("day", Message("reports.column-day")),
    RawColumn("time", Message("reports.column-time")),
    RawColumn("row", Message("reports.column-row")),
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("meets", Message("reports.column-meets")),
)


def _rows(found: Agenda) -> Iterator[tuple[Value, ...]]:
    daily, constant = every_day(found), Message("reports.within-days")
    for clause in found.constant:
        yield (constant, "", clause.text, str(clause.origin), None)
    for entry in found.days[0].entries:
        if entry.clause.id in daily:
            yield (Message("reports.every-day"), *_cells(entry, None))
    for day in found.days:
        for entry in day.entries:
            if entry.clause.id not in daily:
                yield (f"{day.date}", *_cells(entry, len(entry.meets) or None))


def _cells(entry: AgendaEntry, meets: int | None) -> tuple[Value, ...]:
    return (_time(entry), entry.clause.text, str(entry.clause.origin), meets)


def _time(entry: AgendaEntry) -> Value:
    if entry.is_all_day:
        return Message("reports.all-day")
    return f"{entry.start:%H:%M}" + (f"-{entry.end:%H:%M}" if entry.end > entry.start else "")
