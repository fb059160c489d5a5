"""Times are absolute in the document's zone, with the duration next to them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.faces.words import verdicts as words
from toban.message import Message

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)  # noon in Tokyo


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "1分未満"),
        (timedelta(minutes=1), "1分"),
        (timedelta(minutes=59, seconds=59), "59分"),
        (timedelta(hours=1), "1時間"),
        (timedelta(hours=23, minutes=59), "23時間59分"),
        (timedelta(days=1), "1日"),
        (timedelta(days=1, hours=2, minutes=59), "1日2時間"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert words.length(span) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-0.7), "0.0秒"),
        (timedelta(), "0.0秒"),
        (timedelta(seconds=9.94), "9.9秒"),
        (timedelta(seconds=10), "10秒"),
        (timedelta(seconds=60), "1分"),
        (timedelta(seconds=200), "3分20秒"),
        (timedelta(hours=1, seconds=59), "1時間"),
    ],
)
def test_an_elapsed_time_is_shown_to_the_second(span: timedelta, said: str) -> None:
    assert words.took(span) == said


def test_a_moment_is_shown_relative_to_now() -> None:
    assert words.relative(NOW, NOW) == "たった今"
    assert words.relative(NOW - timedelta(seconds=59), NOW) == "たった今"
    assert words.relative(NOW - timedelta(minutes=1), NOW) == "1分前"
    assert words.relative(NOW + timedelta(seconds=1), NOW) == "1分未満後"
    assert words.relative(NOW - timedelta(hours=3), NOW) == "3時間前"
    assert words.relative(NOW + timedelta(minutes=12), NOW) == "12分後"


def test_a_moment_of_today_in_the_documents_zone_is_shown_as_a_time_only() -> None:
    midnight = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)

    assert words.clock(midnight, NOW, TOKYO) == "00:00"
    assert words.clock(midnight - timedelta(minutes=1), NOW, TOKYO) == "3/31 23:59"


def test_overdue_times_are_shown_as_overdue() -> None:
    assert words.due(NOW - timedelta(minutes=5), NOW, TOKYO) == "予定 11:55（5分経過）"
    assert words.due(NOW + timedelta(minutes=5), NOW, TOKYO) == "次回 12:05（5分後）"


def test_every_verdict_has_a_shape_and_a_word_of_its_own() -> None:
    assert len({verdict.mark for verdict in Verdict}) == len(Verdict)
    assert len({str(word) for word in words.WORDS.values()}) == len(Verdict)


def test_times_and_durations_are_available_in_english() -> None:
    with translation.override("en"):
        assert words.since(NOW - timedelta(minutes=5), NOW, TOKYO) == "since 11:55 (5 min)"
        assert words.took(timedelta(seconds=200)) == "3 min 20 s"


def test_refusals_of_the_engine_are_shown_in_the_readers_language() -> None:
    wrong = NotPossible(Message("logs.search-name-taken", name="100% x"), Message("logs.choose-another-name"))

    japanese = str(words.refused(wrong))
    with translation.override("en"):
        english = str(words.refused(wrong))

    assert (str(wrong), str(wrong.hint)) == (
        "「100% x」という検索はすでにあります",
        "別の名前にしてください",
    )
    assert japanese == "「100% x」という検索はすでにあります。別の名前にしてください。"
    assert english == "A search named “100% x” already exists. Choose another name."


def test_a_refusal_without_a_hint_is_shown_alone() -> None:
    with translation.override("en"):
        said = str(words.refused(NotPossible(Message("notify.already-past"))))
        assert said == "This time is in the past"
