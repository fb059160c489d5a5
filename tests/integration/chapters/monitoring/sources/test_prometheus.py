"""Scraping a real node_exporter, and servers that are not exporters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from tests.integration.chapters.monitoring.sources.conftest import StartPostgresExporter
from tests.integration.conftest import Handler, HttpServer

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.source import Unmeasurable
from toban.chapters.monitoring.sources.prometheus.source import KIND, PrometheusConfig, PrometheusSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def test_a_real_node_exporter_yields_cpu_memory_and_disks(node_exporter: str) -> None:
    source = PrometheusSource(PrometheusConfig(url=node_exporter, instance="web-1"))

    first = {each.metric for each in source.measure(NOON)}
    sum(range(3_000_000))  # The kernel counts in hundredths of a second: wait for some.
    second = source.measure(NOON + timedelta(seconds=15))
    source.close()

    assert Metric.CPU_USAGE not in first
    found = {each.metric: each for each in second}
    assert found[Metric.UP].value == 1.0
    assert 0 < found[Metric.CPU_USAGE].value <= 100
    assert 0 < found[Metric.MEMORY_USAGE].value < 100
    assert found[Metric.CPU_USAGE].instance == "web-1"


def counting(idle: int, busy: int) -> Callable[[Handler], None]:
    text = f'node_cpu_seconds_total{{mode="idle"}} {idle}\nnode_cpu_seconds_total{{mode="user"}} {busy}\n'
    return lambda handler: handler.reply(200, text.encode())


def test_rates_are_means_since_the_last_scrape_but_one(http_server: HttpServer) -> None:
    source = PrometheusSource(PrometheusConfig(url=f"{http_server.url}/metrics"))
    usages = []
    for idle, busy in ((0, 0), (10, 0), (10, 10), (20, 10), (30, 10)):
        http_server.answer = counting(idle, busy)
        measured = {each.metric: each.value for each in source.measure(NOON)}
        usages.append(measured.get(Metric.CPU_USAGE))
    source.close()

    assert usages == [None, 0, 50, 50, 0]


def test_a_percentile_comes_from_the_buckets_of_a_real_exposition(http_server: HttpServer) -> None:
    registry = CollectorRegistry()
    spent = Histogram("http_request_duration_seconds", "Time", ["route"], buckets=(0.1, 1), registry=registry)
    http_server.answer = lambda handler: handler.reply(200, generate_latest(registry))
    config = PrometheusConfig(url=f"http://127.0.0.1:{http_server.server_port}/metrics", instance="web-1")
    assert KIND.ranked is not None
    source = KIND.build(KIND.ranked(config, Percentile(Decimal(95), timedelta(minutes=5), 500.0)))
    spent.labels("/a").observe(30.0)
    assert source.measure(NOON) == ()

    for number in range(100):
        spent.labels("/a" if number % 2 else "/b").observe(0.05 if number < 80 else 0.5)
    (found,) = source.measure(NOON + timedelta(seconds=15))
    source.close()

    assert (found.metric, found.instance) == (Metric.RESPONSE_TIME, "web-1")
    assert found.value == pytest.approx(775.0)


def test_a_percentile_of_a_service_that_does_not_answer_is_not_measured(http_server: HttpServer) -> None:
    http_server.answer = not_found
    config = PrometheusConfig(url=f"http://127.0.0.1:{http_server.server_port}/metrics")
    assert KIND.ranked is not None
    source = KIND.build(KIND.ranked(config, Percentile(Decimal(95), timedelta(minutes=5), 500.0)))

    with pytest.raises(Unmeasurable, match="404"):
        source.measure(NOON)
    source.close()


def not_found(handler: Handler) -> None:
    handler.reply(404)


def web_page(handler: Handler) -> None:
    handler.reply(200, b"<html><body>It works!</body></html>")


def broken(handler: Handler) -> None:
    handler.reply(200, b'node_cpu_seconds_total{mode="idle} x\n')


def shift_jis(handler: Handler) -> None:
    handler.reply(200, "node_cpu_seconds_total 1 店".encode("shift_jis"))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (not_found, "HTTP 404"),
        (web_page, "知っている指標"),
        (broken, "Prometheus の形式"),
        (shift_jis, "Prometheus の形式"),
    ],
)
def test_an_invalid_exposition_is_down_with_a_reason(
    http_server: HttpServer, answer: Callable[[Handler], None], why: str
) -> None:
    http_server.answer = answer
    source = PrometheusSource(PrometheusConfig(url=f"{http_server.url}/metrics"))

    with pytest.raises(Unmeasurable, match=why) as caught:
        source.measure(NOON)

    assert [(each.metric, each.value) for each in caught.value.measured] == [(Metric.UP, 0.0)]
    assert source.instance in str(caught.value)


def test_rates_span_the_gap_of_a_failed_scrape(http_server: HttpServer) -> None:
    source = PrometheusSource(PrometheusConfig(url=f"{http_server.url}/metrics"))
    bodies = {1: b'http_requests_total{code="200"} 100\n', 3: b'http_requests_total{code="500"} 1\n'}
    http_server.answer = lambda handler: (
        handler.reply(200, bodies[len(http_server.asked)])
        if len(http_server.asked) in bodies
        else handler.reply(500)
    )

    source.measure(NOON)
    with pytest.raises(Unmeasurable):
        source.measure(NOON + timedelta(seconds=15))
    found = {each.metric: each.value for each in source.measure(NOON + timedelta(seconds=30))}

    assert found[Metric.ERROR_RATE] == 100.0


def test_a_real_postgres_exporter_yields_the_connections_of_its_database(
    start_postgres_exporter: StartPostgresExporter, postgres_dsn: str
) -> None:
    source = PrometheusSource(PrometheusConfig(url=start_postgres_exporter(postgres_dsn)))
    alone = {each.metric: each.value for each in source.measure(NOON)}

    with psycopg.connect(postgres_dsn), psycopg.connect(postgres_dsn), psycopg.connect(postgres_dsn):
        found = {each.metric: each.value for each in source.measure(NOON)}
    source.close()

    # A primary without standbys has no lag. The exporter itself uses one or two connections.
    assert found.keys() == {Metric.UP, Metric.CONNECTIONS}
    assert alone[Metric.CONNECTIONS] >= 1
    assert 2 <= found[Metric.CONNECTIONS] - alone[Metric.CONNECTIONS] <= 4


def test_an_exporter_whose_database_is_unreachable_is_down_with_a_reason(
    start_postgres_exporter: StartPostgresExporter,
) -> None:
    url = start_postgres_exporter("postgresql://shop:hunter2@127.0.0.1:1/shop?sslmode=disable")
    source = PrometheusSource(PrometheusConfig(url=url))

    with pytest.raises(Unmeasurable, match="PostgreSQL につながりません") as caught:
        source.measure(NOON)
    source.close()

    assert [(each.metric, each.value) for each in caught.value.measured] == [(Metric.UP, 0.0)]
