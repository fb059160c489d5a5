"""When a task is due, until when, and who may sign it off."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.calendar import BusinessCalendar
from toban.design.values.hours import Hours, read_hours
from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times
from toban.engine.runs.rules import RunReason, plan_tasks
from toban.engine.tasks.rules import planned, reminder_at, terms_of, why_no_remark, why_not_act, window_end
from toban.message import NOTHING, Message

TOKYO = ZoneInfo("Asia/Tokyo")
SYSTEM = System()
OFFICE = "平日9:00-18:00"
START, END = datetime(2026, 1, 1, tzinfo=TOKYO), datetime(2028, 1, 1, tzinfo=TOKYO)


def schedule_of(written: str) -> Schedule:
    found = read_schedule(written)
    assert found is not None
    return found


def hours_of(written: str) -> Hours:
    found = read_hours(written)
    assert found is not None
    return found


def windows(written: str, hours: str = OFFICE, first: datetime = START, last: datetime = END) -> list[str]:
    """Return the windows of a task, as `01-05 09:00 – 18:00`."""
    schedule, kept = schedule_of(written), hours_of(hours)
    due = planned(schedule, kept)
    assert due is not None
    terms = terms_of("作業", ("開発担当者",), schedule, kept)
    return [
        f"{start:%m-%d %H:%M} – {window_end(start, terms, SYSTEM):%m-%d %H:%M}"
        for start in due_times(due, SYSTEM, first, last)
    ]


@pytest.mark.parametrize(
    ("written", "hours", "first"),
    [
        # The 1st is a holiday, the 2nd is a Friday, and nobody of an office works at the weekend.
        ("9:00", OFFICE, "01-02 09:00 – 01-02 18:00"),
        ("9:00", "24時間365日", "01-01 09:00 – 01-02 00:00"),
        ("9:00-10:00", OFFICE, "01-02 09:00 – 01-02 10:00"),
        ("毎日 23:00", "毎日22:00-6:00", "01-01 23:00 – 01-02 06:00"),
        ("毎日 3:00", "毎日22:00-6:00", "01-01 03:00 – 01-01 06:00"),
        # After the hours of the day: by midnight.
        ("19:00", OFFICE, "01-02 19:00 – 01-03 00:00"),
        ("第1月曜", OFFICE, "01-05 09:00 – 01-05 18:00"),
        # 月初 names no day: the first business day will do.
        ("月初", OFFICE, "01-02 09:00 – 01-02 18:00"),
        # A day that is written is not moved: on a holiday nobody has hours.
        ("毎月1日", OFFICE, "01-01 09:00 – 01-02 00:00"),
        ("週次", OFFICE, "01-05 09:00 – 01-12 00:00"),
        ("月次", OFFICE, "01-01 09:00 – 02-01 00:00"),
        ("四半期毎", OFFICE, "01-01 09:00 – 04-01 00:00"),
        ("年1回", OFFICE, "01-01 09:00 – 01-01 00:00"),
        ("9:00", "土日祝10:00-17:00", "01-01 09:00 – 01-01 17:00"),
    ],
)
def test_a_window_ends_with_the_hours_of_the_role(written: str, hours: str, first: str) -> None:
    assert windows(written, hours)[0] == first


@pytest.mark.parametrize("written", ["1時間毎", "変更時", "随時", "半期毎", "月2回", "リアルタイム"])
def test_a_task_without_a_day_is_not_planned(written: str) -> None:
    assert planned(schedule_of(written), hours_of(OFFICE)) is None


def test_two_years_of_a_daily_task_are_the_business_days_by_another_count() -> None:
    calendar, days = BusinessCalendar(), (END - START).days
    expected = [day for n in range(days) if calendar.is_business_day(day := date(2026, 1, 1) + timedelta(n))]

    found = windows("9:30")

    assert [each[:5] for each in found] == [f"{day:%m-%d}" for day in expected]
    assert {each[6:].split(" – ")[0] for each in found} == {"09:30"}


def test_two_years_of_the_reference_lose_and_double_nothing() -> None:
    mondays = [START + timedelta(days=n) for n in range(730) if (START + timedelta(days=n)).weekday() == 0]

    assert [each[:5] for each in windows("毎週月曜10:00")] == [f"{day:%m-%d}" for day in mondays]
    assert len(windows("第2火曜")) == len(windows("月初")) == len(windows("第1月曜")) == 24


@pytest.mark.parametrize(
    ("written", "is_owed"),
    [
        ("9:00", False),
        ("平日 9:00", False),
        ("毎週月・水曜 9:00", False),
        ("毎週月曜", True),
        ("第2火曜", True),
    ],
)
def test_rare_tasks_stay_owed_and_daily_ones_do_not_pile_up(written: str, is_owed: bool) -> None:
    assert terms_of("作業", (), schedule_of(written), hours_of(OFFICE)).is_owed is is_owed


def test_of_windows_that_passed_while_nothing_ran_only_the_last_may_still_be_owed() -> None:
    day, now = timedelta(days=1), START + timedelta(days=20)
    due = [(START + n * 7 * day, START + (n * 7 + 1) * day) for n in range(3)]

    assert [reason for _, reason in plan_tasks(due, now=now, is_owed=True)] == [
        RunReason.MISSED, RunReason.MISSED, RunReason.AWAITING_SIGN_OFF,
    ]  # fmt: skip
    assert {reason for _, reason in plan_tasks(due, now=now, is_owed=False)} == {RunReason.MISSED}


def test_a_window_is_open_until_its_exclusive_end() -> None:
    due = [(START, END)]

    just_before = plan_tasks(due, now=END - timedelta(microseconds=1), is_owed=False)

    assert just_before[0][1] is RunReason.AWAITING_SIGN_OFF
    assert plan_tasks(due, now=END, is_owed=False)[0][1] is RunReason.MISSED


@pytest.mark.parametrize(
    ("written", "hours", "due", "until", "reminded"),
    [
        ("9:00", OFFICE, "04-06 09:00", "04-06 18:00", "04-06 15:45"),
        ("9:00-10:00", OFFICE, "04-06 09:00", "04-06 10:00", "04-06 09:45"),
        # The week ends at midnight after Sunday: on Friday somebody is there.
        ("週次", OFFICE, "04-06 09:00", "04-13 00:00", "04-10 17:00"),
        ("週次", "24時間365日", "04-06 00:00", "04-13 00:00", "04-12 00:00"),
        # Sixty days before: on a Monday that is no holiday, in the hours of an office.
        ("年1回", OFFICE, "01-01 09:00", "12-31 00:00", "10-30 17:00"),
        # Nobody works on that day at all.
        ("9:00", OFFICE, "04-05 20:00", "04-06 00:00", "04-05 20:00"),
    ],
)
def test_people_are_reminded_in_their_hours_before_the_window_ends(
    written: str, hours: str, due: str, until: str, reminded: str
) -> None:
    terms = terms_of("作業", ("開発担当者",), schedule_of(written), hours_of(hours))
    due_at, ends_at = (
        datetime.strptime(f"2026-{each}", "%Y-%m-%d %H:%M").replace(tzinfo=TOKYO) for each in (due, until)
    )

    assert f"{reminder_at(due_at, ends_at, terms, SYSTEM):%m-%d %H:%M}" == reminded


MINE, TAKER, STRANGER = 1, 2, 3


def refused(account: int, **more: object) -> str:
    asked: dict[str, object] = {
        "taker": None, "holders": [MINE], "self_made": [], "roles": ["役割"], "why_nobody": NOTHING,
    }  # fmt: skip
    found = why_not_act(account, **{**asked, **more})  # type: ignore[arg-type] # the test's own keywords
    return found.said.code if found is not None else ""


def test_only_who_holds_the_role_signs_off() -> None:
    assert refused(MINE) == ""
    assert refused(STRANGER) == "tasks.not-your-role"
    assert refused(STRANGER, holders=[], why_nobody=Message("tasks.name-an-account")) == "tasks.nobody-holds"


def test_what_evidence_ends_is_signed_by_nobody_and_can_be_handed_on() -> None:
    assert refused(MINE, by_evidence=True) == "tasks.ends-by-evidence"
    assert refused(STRANGER, by_evidence=True) == "tasks.ends-by-evidence"
    assert refused(MINE, by_evidence=True, is_taking_back=True) == ""
    assert refused(STRANGER, by_evidence=True, is_taking_back=True) == "tasks.not-your-role"


def test_a_task_that_was_handed_on_is_its_takers_until_it_is_taken_back() -> None:
    assert refused(TAKER, taker=TAKER) == ""
    assert refused(MINE, taker=TAKER) == "tasks.is-handed-on"
    assert refused(MINE, taker=TAKER, is_taking_back=True) == ""
    assert refused(STRANGER, taker=TAKER, is_taking_back=True) == "tasks.is-handed-on"


def test_nobody_signs_off_as_a_deputy_of_their_own_making() -> None:
    assert refused(STRANGER, self_made=[STRANGER]) == "tasks.appointed-themselves"
    assert refused(STRANGER, self_made=[STRANGER], holders=[]) == "tasks.appointed-themselves"
    assert refused(MINE, self_made=[MINE]) == ""
    assert refused(STRANGER, self_made=[STRANGER], taker=STRANGER) == ""


def test_an_exception_and_a_refusal_need_a_remark() -> None:
    assert why_no_remark("", exceptions=0, is_performed=True) is None
    assert why_no_remark(" ", exceptions=1, is_performed=True) is not None
    assert why_no_remark("確認した", exceptions=1, is_performed=True) is None
    assert why_no_remark("", exceptions=0, is_performed=False) is not None
