"""Percentiles from the buckets of a histogram, by the rules of PromQL's `histogram_quantile`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf

import pytest

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.source import Unmeasurable
from toban.chapters.monitoring.sources.prometheus.exposition import Scrape, read_buckets, read_scrape
from toban.chapters.monitoring.sources.prometheus.histogram import HistogramWindow, Quantile, quantile

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SCRAPE = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
P95 = Percentile(Decimal(95), MINUTE, highest=500.0)


@pytest.mark.parametrize(
    ("level", "expected"), [(0.25, 0.05), (0.5, 0.1), (0.75, 0.3), (0.9, 0.42), (1.0, 0.5)]
)
def test_requests_are_spread_evenly_within_a_bucket(level: float, expected: float) -> None:
    found = quantile(level, {0.1: 50, 0.5: 100, inf: 100})

    assert found is not None
    assert found.value == pytest.approx(expected)
    assert not found.is_beyond


def test_a_value_in_the_open_bucket_is_only_known_to_be_beyond_the_last_bound() -> None:
    assert quantile(0.95, {0.1: 50, 0.3: 90, inf: 100}) == Quantile(0.3, is_beyond=True)


@pytest.mark.parametrize(
    "buckets", [{}, {inf: 10}, {0.1: 1, 0.5: 2}, {0.1: 0, inf: 0}], ids=["none", "open", "closed", "empty"]
)
def test_what_is_no_histogram_of_requests_has_no_percentile(buckets: Mapping[float, float]) -> None:
    assert quantile(0.95, buckets) is None


def test_a_count_below_the_one_before_is_taken_as_equal() -> None:
    assert quantile(0.5, {0.1: 60, 0.5: 55, inf: 100}) == quantile(0.5, {0.1: 60, 0.5: 60, inf: 100})


def exposition(fast: int, slow: int, beyond: int = 0, route: str = "/") -> str:
    return (
        f'http_request_duration_seconds_bucket{{route="{route}",le="0.1"}} {fast}\n'
        f'http_request_duration_seconds_bucket{{route="{route}",le="1"}} {fast + slow}\n'
        f'http_request_duration_seconds_bucket{{route="{route}",le="+Inf"}} {fast + slow + beyond}\n'
    )


def scrape(text: str) -> Scrape:
    return read_buckets(text)


def fill(window: HistogramWindow, *texts: str) -> datetime:
    at = NOON
    for number, text in enumerate(texts):
        at = NOON + number * SCRAPE
        window.add(scrape(text), at)
    return at


def value(window: HistogramWindow, at: datetime) -> float | None:
    found = window.measured("web-1", at)
    return round(found[0].value, 3) if found else None


def test_only_requests_within_the_window_count() -> None:
    window = HistogramWindow(P95)
    # 100 slow ones before the first scrape, then 20 slow ones, then only fast ones.
    at = fill(window, exposition(0, 100), exposition(0, 120), exposition(40, 120), exposition(80, 120))
    assert value(window, at) == 775.0

    for number in range(4, 8):
        at = NOON + number * SCRAPE
        window.add(scrape(exposition(40 * (number - 1), 120)), at)

    assert value(window, at) == 95.0


def test_series_of_all_routes_count_together_and_a_restart_counts_from_zero() -> None:
    window = HistogramWindow(P95)
    first = exposition(50, 50, route="/a") + exposition(0, 0, route="/b")
    second = exposition(10, 0, route="/a") + exposition(0, 10, route="/b")

    at = fill(window, first, second)

    assert value(window, at) == 910.0
    assert str(window.measured("web-1", at)[0].note) == "20件のリクエスト"


def test_no_percentile_before_a_second_scrape_or_without_requests() -> None:
    window = HistogramWindow(P95)

    at = fill(window, exposition(5, 5))
    assert value(window, at) is None
    at = fill(window, exposition(5, 5), exposition(5, 5))

    assert value(window, at) is None


def test_a_percentile_beyond_a_bound_that_reaches_the_threshold_exceeds_it() -> None:
    window = HistogramWindow(Percentile(Decimal(95), MINUTE, highest=1000.0))

    at = fill(window, exposition(0, 0), exposition(10, 0, beyond=10))

    (found,) = window.measured("web-1", at)
    assert found.value > 1000.0
    assert "上限 1000" in str(found.note)


def test_a_percentile_beyond_bounds_below_the_threshold_is_not_green() -> None:
    window = HistogramWindow(Percentile(Decimal(95), MINUTE, highest=3000.0))

    at = fill(window, exposition(0, 0), exposition(10, 0, beyond=10))

    with pytest.raises(Unmeasurable, match="バケットの境界を増やしてください"):
        window.measured("web-1", at)


def test_a_place_without_buckets_says_so() -> None:
    window = HistogramWindow(P95)
    window.add(scrape("http_request_duration_seconds_count 1\n"), NOON)

    with pytest.raises(Unmeasurable, match="http_request_duration_seconds_bucket がありません"):
        window.measured("web-1", NOON)


def test_buckets_are_read_only_for_a_percentile() -> None:
    assert not read_scrape(exposition(1, 1)).values
    assert len(read_buckets(exposition(1, 1)).values) == 3
