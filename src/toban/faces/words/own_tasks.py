"""A person's own tasks as events of a calendar. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import CHAPTERS
from toban.design.values.schedule.occurrence import existing
from toban.engine.tasks.own.around import OwnTask, OwnTaskState
from toban.faces.icalendar import CalendarEvent
from toban.message import Message

_DAY = timedelta(days=1)


def events(
    tasks: Iterable[OwnTask], clauses: Mapping[str, Clause], zone: ZoneInfo, today: date, address: str
) -> Iterator[CalendarEvent]:
    """Yield *tasks*; *address* is that of the page on which they are signed.

    A late one goes on until the end of *today*, so that it is not lost in the past.
    """
    for each in tasks:
        clause = clauses.get(each.clause_id)
        start, end = each.start.astimezone(zone), each.end.astimezone(zone)
        if each.state is OwnTaskState.LATE:
            end = max(end, existing(today + _DAY, time(0), zone))
        yield CalendarEvent(
            key=f"task {each.key}",
            start=start,
            end=end,
            summary=str(Message(f"tasks.own-{each.state}", name=each.name)),
            description=f"{clause.origin} {clause.text}" if clause is not None else "",
            category=str(CHAPTERS[clause.chapter]) if clause is not None else "",
            is_all_day=_is_midnight(start) and _is_midnight(end) and start < end,
            address=address,
            is_busy=False,
        )


def _is_midnight(moment: datetime) -> bool:
    return moment.timetz().replace(tzinfo=None) == time(0)
