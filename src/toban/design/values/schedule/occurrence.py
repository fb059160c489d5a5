"""A schedule's due times between two moments, in a time zone, across its changes to and from summer time."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar, is_due_on
from toban.design.values.schedule import Cadence, Schedule
from toban.design.values.schedule.cron import cron_rule

_DAY = timedelta(days=1)
_WEEKDAYS = BusinessCalendar(keeps_holidays=False)


def occurrences(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    calendar: BusinessCalendar = _WEEKDAYS,
) -> Iterator[datetime]:
    """Return the due times from *start* (inclusive) to *end* (exclusive), in order and in the schedule's zone.

    A schedule that leaves its day or its clock open (月次 without a day), or waits for an event,
    has none. A time skipped by summer time is due later, by as much as the clock jumped. One that
    occurs twice is due the first time.
    """
    if schedule.also:
        return _each_once(occurrences(each, start, end, zone, calendar) for each in schedule.each)
    return _of_one(schedule, start, end, ZoneInfo(schedule.zone) if schedule.zone else zone, calendar)


def _each_once(found: Iterable[Iterator[datetime]]) -> Iterator[datetime]:
    """Yield the moments of several rules in order, and once if two rules meet."""
    last = None
    for moment in merge(*found, key=datetime.timestamp):
        # Local times of one zone would compare by their clocks.
        if (instant := moment.timestamp()) != last:
            yield moment
        last = instant


def _of_one(
    schedule: Schedule, start: datetime, end: datetime, zone: ZoneInfo, calendar: BusinessCalendar
) -> Iterator[datetime]:
    day = start.astimezone(zone).date() - _DAY
    while (midnight := existing(day, time(0), zone)) < end:
        if schedule.cadence is Cadence.INTERVAL:
            moments = _intervals(schedule, midnight, existing(day + _DAY, time(0), zone))
        elif schedule.cadence is Cadence.CRON:
            moments = iter(_of_cron(schedule.cron, day, zone))
        elif schedule.at is not None and is_due_on(schedule, day, calendar):
            moments = iter((existing(day + _DAY * schedule.next_day, schedule.at, zone),))
        else:
            moments = iter(())
        yield from (moment for moment in moments if start <= moment < end)
        day += _DAY


def existing(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return *clock* on *day* in *zone*; a wall-clock time that summer time skips becomes an hour later."""
    return datetime.combine(day, clock, zone).astimezone(UTC).astimezone(zone)


def _of_cron(line: str, day: date, zone: ZoneInfo) -> Iterable[datetime]:
    """Return when cron would run *line* on *day*: a line that names the hour by * follows each jump of time."""
    rule = cron_rule(line)
    if rule is None or not rule.falls_on(day):
        return ()
    if existing(day, time(0), zone).utcoffset() == existing(day + _DAY, time(0), zone).utcoffset():
        return (datetime.combine(day, clock, zone) for clock in rule.clocks)
    folds = (0, 1) if rule.is_by_hour else (0,)
    local = (datetime.combine(day, clock.replace(fold=fold), zone) for clock in rule.clocks for fold in folds)
    real = ((each, each.astimezone(UTC)) for each in local)
    instants = {
        instant
        for each, instant in real
        if not rule.is_by_hour or instant.astimezone(zone).replace(tzinfo=None) == each.replace(tzinfo=None)
    }
    return (instant.astimezone(zone) for instant in sorted(instants))


def _intervals(schedule: Schedule, midnight: datetime, tomorrow: datetime) -> Iterator[datetime]:
    """Count from midnight, restarting each day, so that 6時間毎 is at the same hours every day."""
    step = schedule.every.as_timedelta() if schedule.every else timedelta(0)
    if not timedelta(0) < step <= _DAY:
        return
    # In UTC: adding to a local time would skip the hour that occurs twice.
    moment = midnight.astimezone(UTC) + timedelta(minutes=schedule.minute or 0)
    while moment < tomorrow:
        yield moment.astimezone(midnight.tzinfo)
        moment += step
