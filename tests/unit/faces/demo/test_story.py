"""The story of the demo's month."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.design.values.metric import Metric
from toban.faces.demo.acting import StoryClock
from toban.faces.demo.story import months_start, story_of

NOW = datetime(2026, 12, 2, 3, tzinfo=UTC)
START = months_start(NOW, ZoneInfo("Asia/Tokyo"))


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


def test_it_begins_with_the_month_before_in_the_documents_zone() -> None:
    assert START.isoformat() == "2026-11-01T00:00:00+09:00"
    # In Tokyo it is 1 December already.
    assert months_start(datetime(2026, 11, 30, 16, tzinfo=UTC), ZoneInfo("Asia/Tokyo")) == START


def test_the_same_seed_tells_the_same_story_and_another_another() -> None:
    assert story_of(START, NOW, 1, is_weekday) == story_of(START, NOW, 1, is_weekday)
    assert story_of(START, NOW, 1, is_weekday) != story_of(START, NOW, 2, is_weekday)
    first, again = story_of(START, NOW, 1, is_weekday), story_of(START, NOW, 1, is_weekday)
    assert first.value(Metric.CPU_USAGE, "web-1", NOW) == again.value(Metric.CPU_USAGE, "web-1", NOW)


def test_a_trouble_decides_the_value_only_while_it_lasts() -> None:
    story = story_of(START, NOW, 1, is_weekday)
    each = next(each for each in story.troubles if each.metric is Metric.RESPONSE_TIME)

    assert story.value(each.metric, each.instances[0], each.start) == each.value
    assert story.value(each.metric, each.instances[0], each.end) != each.value
    assert story.value(each.metric, "another", each.start) != each.value


def test_quiet_values_stay_in_the_normal_ranges_of_the_demos_document() -> None:
    story = story_of(START, NOW, 1, is_weekday)
    quiet = [story.value(Metric.CPU_USAGE, "x", START.replace(hour=hour)) for hour in range(24)]
    assert all(each is not None and 0 <= each < 60 for each in quiet)
    assert story.value(Metric.UP, "x", START) == 1.0


def test_the_months_time_goes_neither_back_nor_past_its_end() -> None:
    clock = StoryClock(START, NOW)
    clock.reach(NOW + timedelta(minutes=4))
    assert clock() == NOW
    clock.reach(START)
    assert clock() == NOW


def test_what_goes_wrong_is_found_by_its_time() -> None:
    story = story_of(START, NOW, 1, is_weekday)
    first = min(story.troubles, key=lambda each: each.start)

    assert story.next_trouble(START) == first.start
    assert story.trouble_at(first.start) == first.end
    assert story.trouble_at(first.end) is None
    assert story.next_trouble(NOW) is None


def test_days_without_anybody_and_days_with_somebody_differ() -> None:
    story = story_of(START, NOW, 1, is_weekday)
    odd = {*story.unsigned, story.handed_on, story.declined, story.excepted}

    assert len(odd) == 5
    assert all(day is not None and day.weekday() < 5 for day in odd)
    assert story_of(NOW, NOW, 1, is_weekday).declined is None
