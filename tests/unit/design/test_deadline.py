"""When a length of time ends: by the clock, or with a business day."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.calendar import BusinessCalendar
from toban.design.clauses.incident import IncidentLevel
from toban.design.deadline import ends_at
from toban.design.reader import read_design
from toban.design.values.days_off.closed import read_closed_days
from toban.design.values.delivery import OFFICE_HOURS
from toban.design.values.duration import (
    Duration,
    NeedsCalendar,
    read_duration,
    read_length,
    read_retention,
)
from toban.design.values.hours import Hours, read_hours
from toban.design.values.retry import read_retry
from toban.design.values.schedule import read_schedules
from toban.design.values.threshold import read_threshold

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")


def lasting(text: str) -> Duration:
    found = read_duration(text)
    assert found is not None
    return found


def hours(text: str) -> Hours:
    found = read_hours(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-11-27 17:00", "1営業日", "2026-11-30 18:00"),  # a Friday: over the weekend
        ("2026-11-27 23:59", "1営業日", "2026-11-30 18:00"),
        ("2026-11-28 03:00", "1営業日", "2026-11-30 18:00"),
        ("2026-11-30 08:00", "1営業日", "2026-12-01 18:00"),  # before the day begins
        ("2026-11-20 17:00", "1営業日", "2026-11-24 18:00"),  # Monday is a holiday
        ("2026-11-20 17:00", "3営業日", "2026-11-26 18:00"),
        ("2026-12-28 10:00", "1営業日", "2027-01-04 18:00"),  # the company's own closing days
        ("2026-09-18 17:00", "1営業日", "2026-09-24 18:00"),  # three holidays and a weekend
    ],
)
def test_a_business_day_ends_with_the_hours_of_the_next_one(start: str, length: str, end: str) -> None:
    closing = read_closed_days("12-29..01-03")
    assert closing is not None
    calendar = BusinessCalendar(closed=(closing,))
    begun = datetime.fromisoformat(start).replace(tzinfo=TOKYO)

    found = ends_at(begun, lasting(length), TOKYO, calendar, OFFICE_HOURS)

    assert f"{found:%Y-%m-%d %H:%M}" == end


@pytest.mark.parametrize(
    ("on_duty", "end"),
    [
        ("24時間365日", "2026-12-01 00:00"),
        ("平日9:00-17:30", "2026-11-30 17:30"),
        ("平日22:00-翌6:00", "2026-12-01 06:00"),
        ("火・水曜10:00-12:00", "2026-12-01 00:00"),
    ],
)
def test_the_end_is_that_of_the_duty_hours(on_duty: str, end: str) -> None:
    friday = datetime(2026, 11, 27, 17, tzinfo=TOKYO)

    found = ends_at(friday, lasting("1営業日"), TOKYO, BusinessCalendar(), hours(on_duty))

    assert f"{found:%Y-%m-%d %H:%M}" == end


def test_the_zone_decides_which_day_it_is() -> None:
    late = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)  # 00:30 on Friday in Tokyo

    found = ends_at(late, lasting("1営業日"), TOKYO, BusinessCalendar(), OFFICE_HOURS)

    assert found == datetime(2026, 11, 30, 18, tzinfo=TOKYO)


def test_other_lengths_elapse_across_summer_time() -> None:
    before = datetime(2026, 3, 29, 1, tzinfo=BERLIN)

    found = ends_at(before, lasting("4時間"), BERLIN, BusinessCalendar(), OFFICE_HOURS)

    assert (f"{found:%H:%M}", found - before.astimezone(UTC)) == ("06:00", timedelta(hours=4))


def test_a_calendar_without_business_days_does_not_run_for_ever() -> None:
    closing = read_closed_days("01-01..12-31")
    assert closing is not None
    friday = datetime(2026, 11, 27, 17, tzinfo=TOKYO)

    found = ends_at(friday, lasting("1営業日"), TOKYO, BusinessCalendar(closed=(closing,)), OFFICE_HOURS)

    assert found > friday + timedelta(days=366)


def test_the_low_level_of_a_document_does_not_breach_on_saturday() -> None:
    table = "| レベル | 定義 | 対応時間 |\n|---|---|---|\n| Low | 軽微 | 1営業日以内対応 |\n"
    (level,) = read_design(f"## 障害対応\n\n### 障害レベル\n{table}", "x.md").of(IncidentLevel)
    assert level.respond_within is not None
    friday = datetime(2026, 11, 27, 17, tzinfo=TOKYO)

    end = ends_at(friday, level.respond_within, TOKYO, BusinessCalendar(), OFFICE_HOURS)

    assert friday + timedelta(days=1) < datetime(2026, 11, 30, 17, 59, tzinfo=TOKYO) < end
    assert end.time() == time(18)


@pytest.mark.parametrize("text", ["0営業日", "1.5営業日", "2営業日目"])
def test_parts_of_a_business_day_are_not_read(text: str) -> None:
    assert read_duration(text) is None


def test_business_days_are_refused_where_there_is_no_calendar() -> None:
    with pytest.raises(NeedsCalendar):
        lasting("1営業日").as_timedelta()
    assert read_length("1営業日") is None
    assert read_retention("30営業日") is None
    assert read_retry("3回まで自動リトライ (間隔: 1営業日)") is None
    assert read_schedules("2営業日毎") is None
    threshold = read_threshold("80%以上が1営業日継続")
    assert threshold is None or threshold.sustained is None
