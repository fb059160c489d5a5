"""The days that a run sums up."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.batch.kinds.statistics.days import MOST_DAYS, NoSuchDays, days

TOKYO = ZoneInfo("Asia/Tokyo")
FOUR = datetime(2026, 11, 25, 4, tzinfo=TOKYO)


def asked(due_at: datetime = FOUR, zone: ZoneInfo = TOKYO, **parameters: str) -> list[date]:
    named = {name.rstrip("_"): value for name, value in parameters.items()}
    return [day.date for day in days(named, due_at, zone)]


def test_without_parameters_the_previous_day_is_summed() -> None:
    assert asked() == [date(2026, 11, 24)]


def test_the_previous_day_is_computed_in_the_documents_zone() -> None:
    just_past_midnight_in_tokyo = datetime(2026, 11, 24, 15, tzinfo=UTC)

    assert asked(just_past_midnight_in_tokyo) == [date(2026, 11, 24)]
    assert asked(just_past_midnight_in_tokyo - timedelta(seconds=1)) == [date(2026, 11, 23)]


def test_a_day_is_from_midnight_to_midnight() -> None:
    [day] = days({"date": "2026-11-24"}, FOUR, TOKYO)

    assert day.start == datetime(2026, 11, 24, tzinfo=TOKYO)
    assert day.end == datetime(2026, 11, 25, tzinfo=TOKYO)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_summer_time_makes_a_day_shorter_or_longer(day: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")

    [found] = days({"date": day}, datetime(2026, 12, 1, tzinfo=berlin), berlin)

    # Subtracting within one zone would use the wall clock.
    assert found.end.astimezone(UTC) - found.start.astimezone(UTC) == timedelta(hours=hours)


def test_a_range_of_days_includes_both_ends() -> None:
    assert asked(from_="2028-02-28", to="2028-03-01", due_at=datetime(2028, 3, 9, tzinfo=TOKYO)) == [
        date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1),
    ]  # fmt: skip


def test_without_an_end_the_range_goes_up_to_the_previous_day() -> None:
    assert asked(from_="2026-11-23") == [date(2026, 11, 23), date(2026, 11, 24)]


def test_the_maximum_number_of_days_can_be_requested_at_once() -> None:
    first = date(2026, 11, 24) - timedelta(days=MOST_DAYS - 1)

    assert len(asked(from_=first.isoformat())) == MOST_DAYS
    with pytest.raises(NoSuchDays, match=f"{MOST_DAYS:,} 日まで"):
        asked(from_=(first - timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"date": "2026-11-25"}, "2026-11-25 はまだ終わっていません: 集計できるのは 2026-11-24 まで"),
        ({"from": "2026-11-20", "to": "2026-11-19"}, "2026-11-20 は 2026-11-19 より後"),
        ({"date": "2026-02-29"}, "date の「2026-02-29」は日付ではありません"),
        ({"to": "2026-11-19"}, "from も要ります"),
        ({"date": "2026-11-01", "to": "2026-11-02"}, "一緒には使えません"),
    ],
)
def test_days_that_cannot_be_summed_are_refused_with_the_reason(
    parameters: dict[str, str], words: str
) -> None:
    with pytest.raises(NoSuchDays, match=words):
        days(parameters, FOUR, TOKYO)
