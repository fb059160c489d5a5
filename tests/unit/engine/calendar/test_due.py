"""When a clause is next due."""

from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from toban.design.clauses.routine import Routine
from toban.design.origin import Origin
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.schedule import (
    Cadence,
    DayOfMonth,
    NthBusinessDay,
    NthWeekday,
    Schedule,
    Weekday,
)
from toban.engine.bindings.model import System
from toban.engine.calendar.due import next_due

TOKYO = ZoneInfo("Asia/Tokyo")
# A Wednesday.
NOW = datetime(2026, 4, 1, 9, 30, tzinfo=TOKYO)


def due(schedule: Schedule, now: datetime = NOW, system: System | None = None) -> str:
    routine = Routine(
        id="routine/routine/x",
        origin=Origin("運用設計書.md", 1),
        text="x",
        name="x",
        schedule=schedule,
        owner="",
        content="",
    )
    moment = next_due(routine, system or System(), now)
    return "" if moment is None else moment.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("schedule", "moment"),
    [
        (Schedule(Cadence.DAILY, at=time(9, 31)), "2026-04-01 09:31"),
        # Anything due at this very minute has passed; the next time is tomorrow.
        (Schedule(Cadence.DAILY, at=time(9, 30)), "2026-04-02 09:30"),
        (Schedule(Cadence.WEEKLY, weekdays=(Weekday.MONDAY,), at=time(10)), "2026-04-06 10:00"),
        (Schedule(Cadence.MONTHLY, day=NthWeekday(2, Weekday.SUNDAY), at=time(2)), "2026-04-12 02:00"),
        (Schedule(Cadence.MONTHLY, day=DayOfMonth(-1), at=time(23)), "2026-04-30 23:00"),
        (Schedule(Cadence.MONTHLY, day=NthBusinessDay(2), at=time(9)), "2026-04-02 09:00"),
        (Schedule(Cadence.YEARLY, months=(3,), day=DayOfMonth(31), at=time(9)), "2027-03-31 09:00"),
        (Schedule(Cadence.MONTHLY, day=NthWeekday(1, Weekday.MONDAY)), "2026-04-06 00:00"),
        (Schedule(Cadence.INTERVAL, every=Duration(Decimal(1), TimeUnit.HOUR)), "2026-04-01 10:00"),
        (
            Schedule(Cadence.INTERVAL, every=Duration(Decimal(1), TimeUnit.HOUR), minute=45),
            "2026-04-01 09:45",
        ),
        (Schedule(Cadence.DAILY, at=time(2), zone="UTC"), "2026-04-01 11:00"),
        (Schedule(Cadence.ON_EVENT, event="変更時"), ""),
        (Schedule(Cadence.QUARTERLY), "2026-07-01 00:00"),
    ],
)
def test_the_next_moment_is_the_first_after_now(schedule: Schedule, moment: str) -> None:
    assert due(schedule) == moment


def test_a_holiday_is_not_a_business_day_unless_the_bindings_say_so() -> None:
    first_of_may = datetime(2026, 5, 1, 12, tzinfo=TOKYO)
    second = Schedule(Cadence.MONTHLY, day=NthBusinessDay(2), at=time(9))

    assert due(second, first_of_may) == "2026-05-07 09:00"
    assert due(second, first_of_may, System(holidays="none")) == "2026-05-04 09:00"


def test_now_may_be_in_any_time_zone() -> None:
    assert due(Schedule(Cadence.DAILY, at=time(9, 31)), NOW.astimezone(UTC)) == "2026-04-01 09:31"
