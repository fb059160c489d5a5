"""Which days are deleted: none younger than the document says, and all that are older."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.logs.keeping import retention
from toban.chapters.logs.keeping.report import amount
from toban.chapters.logs.keeping.retention import DayDeletion, WaitReason
from toban.design.values.duration import Retention, read_retention
from toban.engine.retention import CompanionRecords
from toban.engine.telemetry.logs.days import DayPart
from toban.message import plain

TOKYO = ZoneInfo("Asia/Tokyo")
TODAY = date(2026, 11, 26)


def kept(text: str) -> Retention:
    found = read_retention(text)
    assert found is not None
    return found


def days(*back: int) -> list[DayPart]:
    return [DayPart(f"{n:x}", "access", TODAY - timedelta(days=n), 10, 1000) for n in back]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("90日", date(2026, 8, 28)),
        ("1年", date(2025, 11, 26)),
        ("6ヶ月", date(2026, 5, 26)),
        ("12時間", date(2026, 11, 25)),
    ],
)
def test_the_first_retained_day_is_computed_from_the_retention(text: str, first: date) -> None:
    assert retention.first_kept(kept(text), TODAY, TOKYO) == first


@pytest.mark.parametrize("text", ["無期限", ""])
def test_an_unlimited_retention_keeps_everything(text: str) -> None:
    assert retention.first_kept(read_retention(text), TODAY, TOKYO) is None


def test_no_row_younger_than_the_documents_retention_is_deleted() -> None:
    first = retention.first_kept(kept("90日"), TODAY, TOKYO)
    assert first is not None
    midnight = datetime(2026, 11, 26, tzinfo=TOKYO)
    last_moment_deleted = datetime(first.year, first.month, first.day, tzinfo=TOKYO)

    assert midnight - last_moment_deleted == timedelta(days=90)


def test_a_year_from_a_leap_day_ends_with_february() -> None:
    assert retention.first_kept(kept("1年"), date(2028, 2, 29), TOKYO) == date(2027, 2, 28)


def test_days_that_are_old_enough_are_deleted() -> None:
    first = TODAY - timedelta(days=90)

    decision = retention.decide(days(0, 89, 90, 91, 120), first, first, is_held=False)

    assert [each.day for each in decision.goes] == [TODAY - timedelta(days=n) for n in (120, 91)]
    assert (decision.waits, decision.oldest) == ((), first)


def test_a_shorter_retention_deletes_only_what_was_agreed() -> None:
    decision = retention.decide(
        days(10, 40, 100), TODAY - timedelta(days=30), TODAY - timedelta(days=90), is_held=False
    )

    assert [each.day for each in decision.goes] == [TODAY - timedelta(days=100)]
    assert [each.day for each in decision.waits] == [TODAY - timedelta(days=40)]
    assert decision.why is WaitReason.NOT_AGREED


def test_nothing_is_deleted_while_on_hold() -> None:
    first = TODAY - timedelta(days=30)

    decision = retention.decide(days(10, 40), first, first, is_held=True)

    assert (decision.goes, decision.why) == ((), WaitReason.HELD)
    assert decision.oldest == TODAY - timedelta(days=40)


def test_without_old_days_there_is_nothing_to_decide() -> None:
    assert retention.decide([], TODAY, TODAY, is_held=False).oldest is None


@pytest.mark.parametrize(
    ("new", "old", "is_shorter"),
    [
        ("30日", "90日", True),
        ("90日", "90日", False),
        ("90日", "30日", False),
        ("90日", "無期限", True),
        ("無期限", "90日", False),
        ("12ヶ月", "1年", False),
        ("1年", "", True),
    ],
)
def test_retentions_are_compared_by_their_first_retained_day(new: str, old: str, is_shorter: bool) -> None:
    first, former = (retention.first_kept(read_retention(each), TODAY, TOKYO) for each in (new, old))

    assert retention.is_shorter(first, former) is is_shorter


def test_the_first_retained_day_is_not_counted_as_older() -> None:
    first = TODAY - timedelta(days=30)

    assert [(TODAY - each.day).days for each in retention.older(days(0, 30, 31, 90), first)] == [90, 31]


EVENTS = CompanionRecords("events", plain("エラーのイベント 1,200件 (7 kB)"), 1200, 7000)


@pytest.mark.parametrize(("is_held", "why"), [(False, WaitReason.NOT_AGREED), (True, WaitReason.HELD)])
def test_data_stored_elsewhere_waits_even_if_no_day_does(is_held: bool, why: WaitReason) -> None:
    first = TODAY - timedelta(days=30)

    decision = retention.decide(days(0), first, None, is_held=is_held, beside=[EVENTS])

    assert (decision.goes, decision.waits, decision.beside, decision.why) == ((), (), (EVENTS,), why)
    assert retention.kept_back(decision, 0, WaitReason.NOT_ARCHIVED).beside == (EVENTS,)


def test_days_and_data_stored_elsewhere_are_reported_together() -> None:
    hours = CompanionRecords("hours", plain("エラーの1時間ごとの件数 3件"), 3)

    assert str(amount(days(1, 2))) == "2日分 20行 (2 kB)"
    assert str(amount(days(1), [EVENTS])) == "1日分 10行 (1 kB)、エラーのイベント 1,200件 (7 kB)"
    assert str(amount([], [EVENTS, hours])) == "エラーのイベント 1,200件 (7 kB)、エラーの1時間ごとの件数 3件"
    assert amount(days(1)).in_language("en") == "10 rows of 1 day (1 kB)"


def test_a_deletion_recorded_without_a_kind_is_matched_by_its_rows() -> None:
    (part,) = days(100)

    former = DayDeletion(part.day.isoformat(), 10, 1000, "")

    assert former.is_of(part)
    assert not former.is_of(days(99)[0])
    assert not former._replace(rows=11).is_of(part)
