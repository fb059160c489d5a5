"""Measuring with New Relic according to its reference: a server that follows the documented contract."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.integration.conftest import Handler, HttpServer

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.newrelic.source import KIND, NewRelicConfig, NewRelicSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
KEY = "NRAK-HUNTER2"
OWN = {"error_rate_percent": "SELECT percentage(count(*), WHERE error IS true) AS value FROM Transaction"}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NR_KEY", KEY)


def source(url: str, **keys: object) -> NewRelicSource:
    written = {"account": 1234567, "api_key": "env:NR_KEY", "endpoint_url": url, **keys}
    return NewRelicSource(NewRelicConfig.model_validate(written))


def answering(
    *results: Sequence[Mapping[str, Any]] | None, errors: Sequence[Mapping[str, Any]] = (), status: int = 200
) -> Any:
    """Answer each query with its *results*, or with null."""
    account = {
        f"q{position}": None if rows is None else {"results": rows} for position, rows in enumerate(results)
    }
    body: dict[str, Any] = {"data": {"actor": {"account": account}}}
    if errors:
        body["errors"] = list(errors)
    return lambda handler: handler.reply(status, json.dumps(body).encode())


def refusing(message: str, kind: str = "") -> Any:
    """Refuse the whole request like NerdGraph does: with HTTP 200, and errors."""
    error = {"message": message, "extensions": {"errorClass": kind}, "path": ["actor", "account"]}
    body = {"data": {"actor": {"account": None}}, "errors": [error]}
    return lambda handler: handler.reply(200, json.dumps(body).encode())


def by_place(measured: Sequence[Measurement]) -> dict[tuple[Metric, str], float]:
    return {(each.metric, each.instance): each.value for each in measured}


def test_one_query_yields_cpu_memory_and_every_disk_of_a_host(http_server: HttpServer) -> None:
    http_server.answer = answering(
        [{"value": 42.5}],
        [{"value": 71}],
        [
            {"facet": "/", "mountPoint": "/", "value": 55},
            {"facet": "/var", "mountPoint": "/var", "value": 90},
        ],
    )

    found = by_place(source(http_server.url, host="web-1").measure(NOON))

    assert found == {
        (Metric.CPU_USAGE, "web-1"): 42.5,
        (Metric.MEMORY_USAGE, "web-1"): 71.0,
        (Metric.DISK_USAGE, "web-1 /"): 55.0,
        (Metric.DISK_USAGE, "web-1 /var"): 90.0,
    }
    (asked,) = http_server.asked
    body = json.loads(asked.body)
    assert (asked.command, asked.path) == ("POST", "/graphql")
    assert asked.headers["API-Key"] == KEY
    assert body["variables"]["account"] == 1234567
    assert "hostname = 'web-1'" in body["variables"]["q0"]
    assert body["query"].count("nrql(query: $q") == 3


def test_a_custom_query_is_sent_as_a_variable_and_not_inside_the_graphql_query(
    http_server: HttpServer,
) -> None:
    http_server.answer = answering([{"value": 0.5}])

    found = by_place(source(http_server.url, instance="shop", queries=OWN).measure(NOON))

    assert found == {(Metric.ERROR_RATE, "shop"): 0.5}
    body = json.loads(http_server.asked[0].body)
    assert body["variables"]["q0"] == OWN["error_rate_percent"]
    assert "Transaction" not in body["query"]


def test_an_error_in_one_query_does_not_affect_the_others(http_server: HttpServer) -> None:
    error = {"message": f"NRQL Syntax Error, key {KEY}", "path": ["actor", "account", "q1", "results"]}
    http_server.answer = answering([{"value": 42.5}], None, [{"value": None}], errors=[error])

    with pytest.raises(Unmeasurable, match="メモリ使用率（NRQL Syntax Error, key …）") as caught:
        source(http_server.url, host="web-1").measure(NOON)

    assert by_place(caught.value.measured) == {(Metric.CPU_USAGE, "web-1"): 42.5}
    assert "ディスク使用率" in str(caught.value)
    assert KEY not in str(caught.value)


def unauthorized(handler: Handler) -> None:
    handler.reply(401, b'{"errors":[{"message":"Invalid API key"}]}')


def broken(handler: Handler) -> None:
    handler.reply(200, b'{"data":{"actor":{"account":{"q0":{"results":3}}}}}')


def nothing(handler: Handler) -> None:
    handler.reply(200, b"{}")


def unavailable(handler: Handler) -> None:
    handler.reply(502)


def no_json(handler: Handler) -> None:
    handler.reply(200, b"<html>")


def hangs(handler: Handler) -> None:
    handler.server.closing.wait(5)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (unauthorized, "鍵を認めません"),
        (refusing("Access denied.", "ACCESS_DENIED"), "鍵を認めません"),
        (refusing(f"The key {KEY} is odd"), "断りました（The key … is odd）"),
        (nothing, "断りました"),
        (unavailable, "HTTP 502"),
        (broken, "形が違います"),
        (no_json, "形が違います"),
        (answering([{"average.cpuPercent": 3.0}]), "AS value"),
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
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [lambda handler: handler.reply(429), refusing("busy", "TOO_MANY_REQUESTS")]
)
def test_a_throttled_source_asks_less_and_less_often(http_server: HttpServer, answer: Any) -> None:
    http_server.answer = answer
    web = source(http_server.url, host="web-1")

    for minutes in range(8):
        with pytest.raises(Unmeasurable, match="絞っています"):
            web.measure(NOON + timedelta(minutes=minutes))

    # At 0, 1, 3 and 7 minutes.
    assert len(http_server.asked) == 4


def test_a_config_asks_for_the_metrics_it_names() -> None:
    written = {"account": 1, "api_key": "env:A", "instance": "shop", "queries": OWN}

    assert KIND.able(NewRelicConfig.model_validate(written)) == {Metric.ERROR_RATE}


@pytest.mark.parametrize(
    "keys", [{}, {"host": "x' OR '1"}, {"host": "web-1", "region": "MARS"}, {"queries": OWN}]
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        source("", **keys)
