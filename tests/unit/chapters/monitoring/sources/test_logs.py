"""Counting in a sliding window, at its boundaries; and which part of a config one row counts."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from toban.chapters.monitoring.counting import Counting
from toban.chapters.monitoring.limits import Unjudgeable
from toban.chapters.monitoring.sources.logs import KIND
from toban.chapters.monitoring.sources.logs.config import LogRowsConfig
from toban.chapters.monitoring.sources.logs.rules import Slide, most, slide
from toban.engine.search_parts import Match, SearchTerm
from toban.engine.telemetry.logs.language import read_search

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def fullest(of: Slide, *at: datetime) -> int:
    counts: dict[int, int] = {}
    for each in at:
        if of.span.start <= each < of.span.end:
            step = int((each - of.span.start) / of.step)
            counts[step] = counts.get(step, 0) + 1
    return most(counts, of)


def test_the_first_look_covers_only_the_window_that_just_ended() -> None:
    found = slide(FIVE, None, NOON)

    assert (found.span.start, found.span.end, found.width, found.steps) == (NOON - FIVE, NOON, 300, 300)


def test_a_window_includes_its_start_and_excludes_its_end() -> None:
    found = slide(FIVE, None, NOON)

    assert fullest(found, NOON - FIVE) == 1
    assert fullest(found, NOON - FIVE - timedelta(milliseconds=1)) == 0
    assert fullest(found, NOON - timedelta(milliseconds=1)) == 1
    assert fullest(found, NOON) == 0


def test_every_window_that_ended_since_the_last_look_is_checked() -> None:
    found = slide(FIVE, NOON - seconds(15), NOON)
    # Two bursts, 299 seconds apart: the windows at each of the two looks contain only one of them.
    first, second = NOON - FIVE - seconds(8), NOON - seconds(9)

    assert found.steps == 314
    assert fullest(found, first, first, second, second) == 4


def test_rows_a_full_window_apart_share_no_window() -> None:
    found = slide(FIVE, NOON - seconds(15), NOON)

    assert fullest(found, NOON - FIVE - seconds(8), NOON - seconds(8)) == 1
    assert fullest(found, NOON - FIVE - seconds(8), NOON - seconds(9)) == 2


@pytest.mark.parametrize("back", [seconds(0), seconds(-60)])
def test_a_stopped_or_set_back_clock_leaves_one_window(back: timedelta) -> None:
    assert slide(FIVE, NOON - back, NOON).steps == 300


def test_after_a_long_absence_no_more_than_two_windows_are_read() -> None:
    assert slide(FIVE, NOON - timedelta(hours=5), NOON).span.start == NOON - 2 * FIVE + seconds(1)


@pytest.mark.parametrize(
    ("window", "step"), [(seconds(1), 1.0), (timedelta(hours=1), 1.0), (timedelta(days=1), 24.0)]
)
def test_long_windows_slide_in_longer_steps(window: timedelta, step: float) -> None:
    found = slide(window, None, NOON)

    assert found.step.total_seconds() == step
    assert found.width * found.step == window


def counted(
    config: LogRowsConfig, search: str | None, window: timedelta | None = FIVE
) -> tuple[str, str, timedelta]:
    assert KIND.counted is not None
    found = KIND.counted(config, Counting("決済の失敗", search, window))
    return found.query, found.search, found.window  # type: ignore[attr-defined]


def test_a_row_counts_its_search_within_the_rows_of_the_target() -> None:
    config = LogRowsConfig(query="service:shop-api")

    assert counted(config, "level:ERROR") == ("service:shop-api", "service:shop-api level:ERROR", FIVE)


def test_searches_only_the_team_can_know_come_from_the_bindings() -> None:
    config = LogRowsConfig(query="service:shop-api", items={"決済の失敗": '"card declined"'})

    assert counted(config, None)[1] == 'service:shop-api "card declined"'
    assert counted(config, "level:ERROR")[1] == 'service:shop-api "card declined"'


def test_the_window_of_the_document_takes_precedence_over_the_bindings() -> None:
    config = LogRowsConfig(window=timedelta(minutes=10))

    assert counted(config, "level:ERROR")[2] == FIVE
    assert counted(config, "level:ERROR", None)[2] == timedelta(minutes=10)


def test_a_missing_search_or_window_is_requested_in_the_error() -> None:
    with pytest.raises(Unjudgeable, match='items に "決済の失敗" = "検索"'):
        counted(LogRowsConfig(), None)
    with pytest.raises(Unjudgeable, match='window = "5分"'):
        counted(LogRowsConfig(), "level:ERROR", None)


@pytest.mark.parametrize("keys", [{"query": "status:>=many"}, {"items": {"x": '"open'}}, {"window": "2日"}])
def test_an_invalid_search_and_an_overlong_window_are_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LogRowsConfig.model_validate(keys)


def test_a_source_is_named_by_its_search() -> None:
    assert KIND.build(LogRowsConfig(query="service:shop-api")).instance == "service:shop-api"
    assert read_search(KIND.build(LogRowsConfig()).instance).terms == (SearchTerm("kind", Match.ANY, ""),)
