"""Two years of every kind of schedule, compared with a computation that asks each day, or each minute.

The expected days come from a predicate over days and holidays, the expected minutes of a cron line from a
parser of its five fields written here. Nothing of it uses Toban's calendar.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays

from toban.design.values.days_off.closed import read_closed_days
from toban.design.values.schedule import Schedule, read_schedule, read_schedules, together
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times

DAY = timedelta(days=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
ENDS = (FIRST, LAST + DAY)
DAYS = [FIRST + DAY * each for each in range((LAST - FIRST).days + 1)]
AROUND = [FIRST - DAY * 40 + DAY * each for each in range(len(DAYS) + 80)]
HOLIDAYS = frozenset(country_holidays("JP", years=range(2025, 2029)))
CLOSED = frozenset(
    day for day in AROUND if (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
)


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS and day not in CLOSED


def month_of(day: date) -> list[date]:
    return [each for each in AROUND if (each.year, each.month) == (day.year, day.month)]


@cache
def working_days_of(year: int, month: int) -> list[date]:
    return [day for day in month_of(date(year, month, 1)) if works(day)]


def moved(bases: Callable[[date], bool], step: int) -> Callable[[date], bool]:
    """Move each day of *bases* day by day until one on which people work."""
    targets = set()
    for day in AROUND[20:-20]:
        if bases(day):
            target = day
            while not works(target):
                target += DAY * step
            targets.add(target)
    return targets.__contains__


def is_last(day: date) -> bool:
    return (day + DAY).day == 1


def even_weeks_from(first: date) -> Callable[[date], bool]:
    weeks = {first + DAY * 14 * each for each in range(-200, 200)}
    return weeks.__contains__


def nth(day: date) -> int:
    return len([each for each in month_of(day) if each <= day and each.weekday() == day.weekday()])


def from_end(day: date, count: int) -> bool:
    found = working_days_of(day.year, day.month)
    return day == found[-1 - count]


CASES: list[tuple[str, Callable[[date], bool], str]] = [
    ("毎月25日 (休日の場合は前営業日) 10:00", moved(lambda day: day.day == 25, -1), "10:00"),
    ("毎月25日 (休日の場合は翌営業日) 10:00", moved(lambda day: day.day == 25, 1), "10:00"),
    ("毎月25日 (非営業日の場合は翌営業日) 10:00", moved(lambda day: day.day == 25, 1), "10:00"),
    ("月末 (休日の場合は前営業日) 23:00", moved(is_last, -1), "23:00"),
    ("月末 (休日の場合は翌営業日) 23:00", moved(is_last, 1), "23:00"),
    ("毎月1日 (休日の場合は翌営業日) 0:00", moved(lambda day: day.day == 1, 1), "00:00"),
    ("毎月3日 (休日の場合は前営業日) 9:00", moved(lambda day: day.day == 3, -1), "09:00"),
    ("毎週月曜 (祝日の場合は翌営業日) 9:00", moved(lambda day: day.weekday() == 0, 1), "09:00"),
    (
        "第1月曜 (祝日の場合は前営業日) 9:00",
        moved(lambda day: day.weekday() == 0 and day.day <= 7, -1),
        "09:00",
    ),
    ("毎週月曜 9:00 (祝日を除く)", lambda day: day.weekday() == 0 and day not in HOLIDAYS | CLOSED, "09:00"),
    ("月末の3営業日前 9:00", lambda day: from_end(day, 3), "09:00"),
    ("月末日の3営業日前 9:00", lambda day: from_end(day, 3), "09:00"),
    ("最終営業日の1営業日前 9:00", lambda day: from_end(day, 1), "09:00"),
    ("最終営業日 9:00", lambda day: from_end(day, 0), "09:00"),
    ("第5営業日 9:00", lambda day: day == working_days_of(day.year, day.month)[4], "09:00"),
    ("月末の3日前 9:00", lambda day: (day + DAY * 4).day == 1, "09:00"),
    ("5日・20日 9:00", lambda day: day.day in (5, 20), "09:00"),
    ("平日 9:00、13:00、17:30", works, "09:00 13:00 17:30"),
    ("平日 9時・13時・17時30分", works, "09:00 13:00 17:30"),
    ("毎日 25:00", lambda _: True, "01:00"),
    ("平日 25:00", lambda day: works(day - DAY), "01:00"),
    ("毎週金曜 26:30", lambda day: day.weekday() == 5, "02:30"),
    ("月末 25:00", lambda day: day.day == 1, "01:00"),
    ("祝日 9:00", lambda day: day in HOLIDAYS, "09:00"),
    ("土日祝 3:00", lambda day: day.weekday() > 4 or day in HOLIDAYS, "03:00"),
    ("毎日 3:00 (土日祝を除く)", works, "03:00"),
    ("隔週水曜 3:00", even_weeks_from(date(2024, 1, 3)), "03:00"),
    ("隔週水曜 3:00 (2026-01-07から)", even_weeks_from(date(2026, 1, 7)), "03:00"),
    ("四半期毎 9:00", lambda day: day.day == 1 and day.month in (1, 4, 7, 10), "09:00"),
    ("四半期毎 5日 9:00", lambda day: day.day == 5 and day.month in (1, 4, 7, 10), "09:00"),
    ("毎月第2日曜日 2:00-4:00", lambda day: nth(day) == 2 and day.weekday() == 6, "02:00"),
    ("0 9 L * *", is_last, "09:00"),
    ("0 9 ? * MON-FRI", lambda day: day.weekday() < 5, "09:00"),
    ("0 9 * * FRI#2", lambda day: nth(day) == 2 and day.weekday() == 4, "09:00"),
    ("0 9 * * FRIL", lambda day: day.weekday() == 4 and (day + DAY * 7).month != day.month, "09:00"),
]


def one(text: str) -> Schedule:
    found = together(read_schedules(text) or (), text)
    assert found is not None
    return found


def system(zone: str) -> System:
    closed = read_closed_days("12-29..01-03")
    assert closed is not None
    return System(timezone=zone, closed=(closed,))


def found_in(schedule: Schedule, zone: str) -> list[datetime]:
    own = ZoneInfo(zone)
    start, end = (datetime.combine(each, datetime.min.time(), own) for each in ENDS)
    return [each.astimezone(UTC) for each in due_times(schedule, system(zone), start, end)]


@cache
def as_clock_says(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """Return the first minute at which the clock says so; one that is skipped comes an hour later."""
    hour, minute = map(int, clock.split(":"))
    noon = datetime.combine(day, datetime.min.time(), zone).replace(hour=12).astimezone(UTC)
    for each in range(-13 * 60, 14 * 60):
        local = (noon + MINUTE * each).astimezone(zone)
        if (local.date(), local.hour, local.minute) == (day, hour, minute):
            return noon + MINUTE * each
    return as_clock_says(day, f"{hour + 1}:{minute}", zone)


def expected_of(falls_on: Callable[[date], bool], clocks: str, zone: ZoneInfo) -> list[datetime]:
    return [as_clock_says(day, clock, zone) for day in DAYS if falls_on(day) for clock in clocks.split()]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin"])
@pytest.mark.parametrize(("text", "falls_on", "clocks"), CASES, ids=[case[0] for case in CASES])
def test_no_occurrence_is_lost_or_doubled(
    text: str, falls_on: Callable[[date], bool], clocks: str, zone: str
) -> None:
    expected = expected_of(falls_on, clocks, ZoneInfo(zone))

    assert expected
    assert found_in(one(text), zone) == expected


def numbers(field: str, low: int, high: int) -> set[int]:
    """Read one field of crontab(5)."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (low, high) if span == "*" else (int(first), int(last or (high if step else first)))
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def cron_minutes(line: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield every minute at which cron runs *line*, by looking at each minute of the two years."""
    minute, hour, dates, months, weekdays = line.split()
    in_minutes, in_hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
    in_dates, in_months = numbers(dates, 1, 31), numbers(months, 1, 12)
    in_weekdays = {each % 7 for each in numbers(weekdays, 0, 7)}
    either = dates[0] != "*" and weekdays[0] != "*"

    def fits_hour(hour: datetime) -> bool:
        """Clocks of these zones are set by whole hours."""
        return hour.astimezone(zone).hour in in_hours

    @cache
    def fits_day(day: date) -> bool:
        is_date, is_weekday = day.day in in_dates, day.isoweekday() % 7 in in_weekdays
        return day.month in in_months and ((is_date or is_weekday) if either else (is_date and is_weekday))

    start, end = (
        datetime.combine(each, datetime.min.time(), zone).astimezone(UTC) for each in (FIRST, LAST + DAY)
    )
    hours = filter(fits_hour, (start + HOUR * each for each in range((end - start) // HOUR)))
    for moment in (hour + MINUTE * each for hour in hours for each in range(60)):
        local = moment.astimezone(zone)
        if local.minute in in_minutes and fits_day(local.date()):
            yield moment


LINES = [
    "*/5 9-18 * * 1-5",
    "0 3 1 * 1",
    "0 1 1-7 * 0",
    "0 3 */2 * 1",
    "30 4 1,15 * 5",
    "0 3 * 4 *",
    "10-40/10 */6 * 1-3,12 0,6",
    "*/7 * * * *",
    "5 0 31 * *",
    "0 0 29 2 *",
    "*/10 2 * * *",
    "0 9,18 * * 7",
    "15 10 1-31 * 3",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin"])
def test_cron_runs_at_exactly_these_minutes(line: str, zone: str) -> None:
    found = found_in(one(line), zone)

    assert found == list(cron_minutes(line, ZoneInfo(zone)))


def test_a_fixed_cron_time_that_summer_time_skips_runs_once_and_one_that_repeats_runs_once() -> None:
    found = [
        each.astimezone(ZoneInfo("Europe/Berlin")) for each in found_in(one("30 2 * * 0"), "Europe/Berlin")
    ]

    assert [f"{each:%H:%M}" for each in found if each.date() == date(2026, 3, 29)] == ["03:30"]
    assert [f"{each:%H:%M}" for each in found if each.date() == date(2026, 10, 25)] == ["02:30"]
    assert len(found) == len({each.date() for each in found}) == 104


@pytest.mark.parametrize("text", [*(case[0] for case in CASES), *LINES])
def test_what_is_written_back_is_the_same_schedule(text: str) -> None:
    schedule = one(text)

    assert one(str(schedule)) == schedule


def test_the_beginning_of_fortnights_and_quarters_can_be_bound() -> None:
    bound = System(fortnight=date(2026, 1, 14), quarters=(2, 5, 8, 11))
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    fortnight, quarter = read_schedule("隔週水曜 12:00"), read_schedule("四半期毎 12:00")
    assert fortnight is not None
    assert quarter is not None

    assert next(due_times(fortnight, bound, start, end)).date() == date(2026, 1, 14)
    assert [each.date() for each in due_times(quarter, bound, start, end)] == [
        date(2026, 2, 1),
        date(2026, 5, 1),
    ]
