"""A service measured by the server spans that it sent to a real store."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import SpanRow, batch_of

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.sources.access_log.config import PercentileConfig
from toban.chapters.monitoring.sources.access_log.source import AccessLogSource, PercentileSource
from toban.chapters.monitoring.sources.traces import KIND, TracesConfig
from toban.design.values.metric import Metric
from toban.engine.telemetry.logs.rows import key_of
from toban.engine.telemetry.requests import TRACED
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.store import Telemetry

NOW = datetime(2026, 11, 25, 15, 0, 30, tzinfo=UTC)
MILLISECOND = 1_000_000


@pytest.fixture(scope="module")
def telemetry(store: StoreProcess) -> Telemetry:
    rows = [span(number, kind="SERVER", ms=number) for number in range(1, 101)]
    # What a request does within, or asks of others, is no request to the service.
    rows += [span(number, kind="CLIENT", ms=60_000) for number in range(101, 201)]
    rows += [span(number, kind="INTERNAL", ms=60_000) for number in range(201, 301)]
    rows += [span(number, kind="SERVER", ms=60_000, service="blog") for number in range(301, 401)]
    SpanStore(store.telemetry).write(batch_of(key_of("collector", "", b"all"), rows))
    return store.telemetry


def span(number: int, *, kind: str, ms: int, service: str = "shop") -> SpanRow:
    at = NOW - timedelta(seconds=40)
    day = (at + timedelta(hours=9)).date().isoformat()
    return SpanRow(
        day, int(at.timestamp()) * 1000 * MILLISECOND, ms * MILLISECOND, f"{number:032x}", f"{number:016x}",
        "", service, "GET /", kind, "ERROR" if number % 10 == 0 else "", "", "GET", "/", 200, "", "{}", "{}",
        "[]", "[]", "collector", number,
    )  # fmt: skip


def test_only_server_spans_of_the_service_are_requests(telemetry: Telemetry) -> None:
    source = AccessLogSource(TracesConfig(service="shop"), lambda: telemetry, TRACED)

    found = {each.metric: each.value for each in source.measure(NOW)}

    assert found == {Metric.ERROR_RATE: 10.0, Metric.RESPONSE_TIME: 50.5}


@pytest.mark.parametrize(("of", "milliseconds"), [("50", 50.5), ("95", 95.5), ("99", 99.5)])
def test_a_percentile_is_that_of_the_server_spans_in_the_window(
    telemetry: Telemetry, of: str, milliseconds: float
) -> None:
    assert KIND.ranked is not None
    config = KIND.ranked(TracesConfig(service="shop"), Percentile(Decimal(of), timedelta(minutes=5)))
    assert isinstance(config, PercentileConfig)

    (found,) = PercentileSource(config, lambda: telemetry, TRACED).measure(NOW)

    assert found.value == pytest.approx(milliseconds, abs=0.6)
    assert str(found.note) == "100件のリクエスト"
