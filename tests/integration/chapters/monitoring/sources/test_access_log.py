"""A service measured by the access log that it sent to a real store."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.monitoring.source import Unmeasurable
from toban.chapters.monitoring.sources.access_log.config import AccessLogConfig, PercentileConfig
from toban.chapters.monitoring.sources.access_log.source import AccessLogSource, PercentileSource
from toban.design.values.metric import Metric
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of
from toban.engine.telemetry.store import Telemetry

# Midnight in Tokyo: the day of the row is one later than the UTC day of the engine.
NOW = datetime(2026, 11, 25, 15, 0, 30, tzinfo=UTC)
LATE = timedelta(seconds=10)


@pytest.fixture(scope="module")
def telemetry(store: StoreProcess) -> Telemetry:
    rows = [request(number, 500 if number % 10 == 0 else 200) for number in range(1, 101)]
    rows += [request(number, 200, service="blog", duration_ms=NO_DURATION) for number in range(101, 111)]
    # Of ten requests nine take no millisecond: nginx writes 0.000.
    rows += [
        request(number, 200, service="cache", duration_ms=0.0 if number > 121 else 1500.0)
        for number in range(121, 131)
    ]
    rows += [request(131, 200, service="cache", duration_ms=NO_DURATION)]
    rows += [request(number, 404, seconds=-15.0) for number in range(111, 113)]
    rows += [
        request(number, 200, service="slow", duration_ms=float(number - 200), seconds=90.0)
        for number in range(201, 301)
    ]
    LogStore(store.telemetry).write(batch_of(key_of("nginx", "", b"all"), rows))
    return store.telemetry


def request(
    number: int, status: int, *, service: str = "shop", duration_ms: float = 20.0, seconds: float = 30.0
) -> LogRow:
    at = NOW - LATE - timedelta(seconds=seconds)
    day = (at + timedelta(hours=9)).date().isoformat()
    route = "/api/orders" if number % 2 else "/health"
    return LogRow(
        "access", day, at.timestamp(), "INFO", service, "", "", "", "", "", "", "GET", route, status,
        duration_ms, {}, "nginx", number,
    )  # fmt: skip


def source(telemetry: Telemetry, **config: object) -> AccessLogSource:
    return AccessLogSource(AccessLogConfig(service="shop", **config), lambda: telemetry)  # type: ignore[arg-type]


def values(measured: object) -> dict[Metric, float]:
    return {each.metric: round(each.value, 3) for each in measured}  # type: ignore[attr-defined]


def test_the_error_rate_and_the_mean_response_time_are_measured(telemetry: Telemetry) -> None:
    found = source(telemetry).measure(NOW)

    assert values(found) == {Metric.ERROR_RATE: 10.0, Metric.RESPONSE_TIME: 20.0}
    assert {each.instance for each in found} == {"shop"}


def test_only_the_configured_routes_count(telemetry: Telemetry) -> None:
    found = source(telemetry, route="/api/").measure(NOW)

    assert values(found)[Metric.ERROR_RATE] == 0.0
    assert {each.instance for each in found} == {"shop /api/"}


def test_each_request_counts_once(telemetry: Telemetry) -> None:
    shop = source(telemetry)
    shop.measure(NOW)

    second = shop.measure(NOW + timedelta(seconds=16))
    third = shop.measure(NOW + timedelta(seconds=40))

    # Failures caused by the client are not failures of the service.
    assert values(second) == {Metric.ERROR_RATE: 0.0, Metric.RESPONSE_TIME: 20.0}
    assert third == ()


def test_a_metric_that_no_line_contains_is_not_measured(telemetry: Telemetry) -> None:
    blog = AccessLogSource(AccessLogConfig(service="blog"), lambda: telemetry)

    assert values(blog.measure(NOW)) == {Metric.ERROR_RATE: 0.0}


def test_a_request_that_took_no_millisecond_counts_in_the_mean(telemetry: Telemetry) -> None:
    cache = AccessLogSource(AccessLogConfig(service="cache"), lambda: telemetry)

    assert values(cache.measure(NOW))[Metric.RESPONSE_TIME] == 150.0


def test_a_clock_that_is_set_back_counts_nothing_twice(telemetry: Telemetry) -> None:
    shop = source(telemetry)
    shop.measure(NOW)

    assert shop.measure(NOW - timedelta(hours=1)) == ()


def test_an_unreachable_store_is_not_measured_as_zero() -> None:
    with pytest.raises(Unmeasurable, match="応答しません"):
        source(Telemetry("http://toban:x@127.0.0.1:9/toban")).measure(NOW)


def percentile(telemetry: Telemetry, service: str, of: str, minutes: int) -> PercentileSource:
    config = PercentileConfig(service=service, percentile=Decimal(of), window=timedelta(minutes=minutes))
    return PercentileSource(config, lambda: telemetry)


@pytest.mark.parametrize(("of", "milliseconds"), [("50", 50.5), ("95", 95.5), ("99", 99.5)])
def test_a_percentile_is_that_of_single_requests_in_the_window(
    telemetry: Telemetry, of: str, milliseconds: float
) -> None:
    (found,) = percentile(telemetry, "slow", of, minutes=5).measure(NOW)

    assert (found.metric, found.instance) == (Metric.RESPONSE_TIME, "slow")
    assert found.value == pytest.approx(milliseconds, abs=0.6)
    assert str(found.note) == "100件のリクエスト"


def test_a_request_that_took_no_millisecond_counts_in_a_percentile(telemetry: Telemetry) -> None:
    (found,) = percentile(telemetry, "cache", "50", minutes=5).measure(NOW)

    assert (found.value, str(found.note)) == (0.0, "10件のリクエスト")


@pytest.mark.parametrize(("service", "minutes"), [("slow", 1), ("blog", 5)])
def test_a_window_without_response_times_has_no_percentile(
    telemetry: Telemetry, service: str, minutes: int
) -> None:
    assert percentile(telemetry, service, "95", minutes).measure(NOW) == ()
