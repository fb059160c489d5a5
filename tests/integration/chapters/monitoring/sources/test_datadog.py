"""Measuring with Datadog according to its reference: a server that follows the documented contract."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from tests.integration.conftest import Handler, HttpServer

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.datadog.source import KIND, DatadogConfig, DatadogSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
API_KEY, APPLICATION_KEY = "dd-api-hunter2", "dd-app-hunter3"
OWN = {"response_time_ms": "1000*avg:trace.http.request{service:shop}"}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_API", API_KEY)
    monkeypatch.setenv("DD_APP", APPLICATION_KEY)


def source(url: str, **keys: object) -> DatadogSource:
    written = {"api_key": "env:DD_API", "application_key": "env:DD_APP", "endpoint_url": url, **keys}
    return DatadogSource(DatadogConfig.model_validate(written))


def milliseconds(ago: float) -> float:
    """Return the time *ago* seconds before noon in Datadog's format."""
    return (NOON - timedelta(seconds=ago)).timestamp() * 1000


def series(index: int, points: Sequence[tuple[float, float | None]], *tags: str) -> Mapping[str, Any]:
    """Return one series; its points are given in seconds before noon."""
    return {
        "query_index": index,
        "tag_set": list(tags),
        "pointlist": [[milliseconds(ago), value] for ago, value in points],
        "interval": 20,
        "scope": ",".join(tags) or "*",
        "unit": None,
    }


def answering(*told: Mapping[str, Any], status: str = "ok") -> Any:
    body = {"status": status, "series": list(told), "to_date": int(milliseconds(0)), "from_date": 0}
    return lambda handler: handler.reply(200, json.dumps(body).encode())


def by_place(measured: Sequence[Measurement]) -> dict[tuple[Metric, str], float]:
    return {(each.metric, each.instance): each.value for each in measured}


def test_one_query_yields_cpu_memory_and_every_disk_of_a_host(http_server: HttpServer) -> None:
    http_server.answer = answering(
        series(0, [(60, 30.0), (40, 42.0)]),
        series(1, [(40, 71.0)]),
        series(2, [(40, 55.0)], "device:/dev/sda1"),
        series(2, [(40, 90.0)], "device:/dev/sdb1"),
        series(2, [(40, 100.0)], "device:/dev/loop3"),
    )

    found = by_place(source(http_server.url, host="web-1").measure(NOON))

    assert found == {
        (Metric.CPU_USAGE, "web-1"): 42.0,
        (Metric.MEMORY_USAGE, "web-1"): 71.0,
        (Metric.DISK_USAGE, "web-1 /dev/sda1"): 55.0,
        (Metric.DISK_USAGE, "web-1 /dev/sdb1"): 90.0,
    }
    (asked,) = http_server.asked
    url = urlsplit(asked.path)
    query = parse_qs(url.query)
    assert url.path == "/api/v1/query"
    assert query["query"][0].startswith("100-avg:system.cpu.idle{host:web-1},100*(1-avg:")
    assert int(query["to"][0]) == int(NOON.timestamp())
    assert asked.headers["DD-API-KEY"] == API_KEY
    assert asked.headers["DD-APPLICATION-KEY"] == APPLICATION_KEY


def test_incomplete_and_empty_points_are_skipped(
    http_server: HttpServer,
) -> None:
    http_server.answer = answering(series(0, [(65, 250.0), (35, None), (5, 9.0)]))

    found = by_place(source(http_server.url, instance="shop", queries=OWN).measure(NOON))

    assert found == {(Metric.RESPONSE_TIME, "shop"): 250.0}


def test_the_last_answer_is_reused_for_a_minute(http_server: HttpServer) -> None:
    http_server.answer = answering(series(0, [(20, 250.0)]))
    shop = source(http_server.url, instance="shop", queries=OWN)

    found = [shop.measure(NOON + timedelta(seconds=each)) for each in (0, 15, 45, 60)]

    assert [each.at - NOON for (each,) in found] == [timedelta(seconds=each) for each in (0, 15, 45, 60)]
    assert len(http_server.asked) == 2


def test_missing_metrics_are_named_next_to_measured_ones(http_server: HttpServer) -> None:
    http_server.answer = answering(series(0, [(20, 42.0)]), series(1, [(600, 71.0)]))

    with pytest.raises(
        Unmeasurable, match="web-1: Datadog にこの5分の ディスク使用率、メモリ使用率 がありません"
    ) as caught:
        source(http_server.url, host="web-1").measure(NOON)

    assert by_place(caught.value.measured) == {(Metric.CPU_USAGE, "web-1"): 42.0}


def forbidden(handler: Handler) -> None:
    handler.reply(403, b'{"errors":["Forbidden"]}')


def bad_query(handler: Handler) -> None:
    handler.reply(400, f'{{"errors":["Error parsing query with {API_KEY}"]}}'.encode())


def broken(handler: Handler) -> None:
    handler.reply(200, b'{"status":"ok","series":[{}]}')


def unavailable(handler: Handler) -> None:
    handler.reply(503)


def no_json(handler: Handler) -> None:
    handler.reply(200, b"<html>")


def elsewhere(handler: Handler) -> None:
    handler.reply(302, location="http://127.0.0.1:1/steal")


def hangs(handler: Handler) -> None:
    handler.server.closing.wait(5)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (forbidden, "鍵を認めません"),
        (bad_query, "問い合わせを読めません"),
        (unavailable, "HTTP 503"),
        (elsewhere, "HTTP 302"),
        (broken, "形が違います"),
        (no_json, "形が違います"),
        (answering(status="error"), "揃っていません"),
        (hangs, "以内に応答が"),
    ],
)
def test_a_refusal_yields_no_value_and_does_not_mark_the_target_down(
    http_server: HttpServer, answer: Any, why: str
) -> None:
    http_server.answer = answer

    with pytest.raises(Unmeasurable, match=why) as caught:
        source(http_server.url, host="web-1", timeout=0.3).measure(NOON)

    assert caught.value.measured == ()
    assert "hunter" not in str(caught.value)


def test_a_throttled_source_pauses_for_as_long_as_datadog_says(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(429, b"", **{"X-RateLimit-Reset": "180"})
    web = source(http_server.url, host="web-1")

    for seconds in (0, 15, 60, 179):
        with pytest.raises(Unmeasurable, match="絞っています（3分後まで尋ねません）"):
            web.measure(NOON + timedelta(seconds=seconds))
    asked_meanwhile = len(http_server.asked)
    with pytest.raises(Unmeasurable):
        web.measure(NOON + timedelta(seconds=180))

    assert (asked_meanwhile, len(http_server.asked)) == (1, 2)


def test_a_missing_key_is_reported_by_its_place(http_server: HttpServer) -> None:
    with pytest.raises(Unmeasurable, match="環境変数 NOWHERE がありません"):
        source(http_server.url, host="web-1", api_key="env:NOWHERE").measure(NOON)

    assert http_server.asked == []


def test_a_config_asks_for_the_metrics_it_names() -> None:
    host = DatadogConfig.model_validate(
        {"api_key": "env:A", "application_key": "env:B", "host": "web-1", "queries": OWN}
    )

    assert KIND.able(host) == {
        Metric.CPU_USAGE,
        Metric.MEMORY_USAGE,
        Metric.DISK_USAGE,
        Metric.RESPONSE_TIME,
    }


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"host": "web-1} or {*"},
        {"queries": OWN},
        {"host": "web-1", "queries": {"beauty": "avg:x{*}"}},
        {"host": "web-1", "site": "example.com"},
        {"host": "web-1", "endpoint_url": "http://gateway.example.com"},
        {"host": "web-1", "endpoint_url": "gateway"},
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        source("", **keys)
