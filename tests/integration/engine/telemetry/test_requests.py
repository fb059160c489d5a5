"""Figures about requests from the access logs of a real store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.telemetry import requests
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.requests import RouteOrder, logged_routes
from toban.engine.telemetry.store import Telemetry

NOON = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
HOUR = TimeSpan(NOON, NOON + timedelta(hours=1))


def line(number: int, **changes: Any) -> LogRow:
    plain = LogRow(
        "access", "2026-11-26", NOON.timestamp() + number, "INFO", "shop", "", "", "", "", "", "", "GET",
        "/orders/{}", 200, float(number), {}, "nginx", number,
    )  # fmt: skip
    return plain._replace(**changes)


@pytest.fixture(scope="module")
def telemetry(store: StoreProcess) -> Telemetry:
    rows = [
        *(line(number) for number in range(1, 101)),
        *(line(number, method="POST", route="/cart", status=503, duration_ms=900.0) for number in (101, 102)),
        line(103, method="POST", route="/cart", duration_ms=100.0),
        # As of nginx's usual format, without a response time.
        *(line(number, service="blog", route="/", duration_ms=NO_DURATION) for number in (104, 105)),
        line(106, service="blog", route="/", duration_ms=0.0),
        line(107, service="old", route="/", duration_ms=NO_DURATION),
        line(108, kind="application", route="/no-request"),
        line(109, status=0, route="/no-answer"),
        line(4000, route="/later"),
    ]
    LogStore(store.telemetry).write(batch_of(key_of("nginx", "", b"all"), rows))
    return store.telemetry


def test_routes_have_their_figures_the_slowest_first(telemetry: Telemetry) -> None:
    cart, orders, blog, old = logged_routes(telemetry, HOUR, order=RouteOrder.P95, limit=10)

    assert (cart.service, cart.method, cart.endpoint, cart.count, cart.failed) == (
        "shop",
        "POST",
        "/cart",
        3,
        2,
    )
    assert (orders.endpoint, orders.count, orders.failed) == ("/orders/{}", 100, 0)
    figures = [orders.p50_ms, orders.p95_ms, orders.p99_ms]
    assert figures == pytest.approx([50, 95, 99], abs=1.5)
    # Only one of its lines says how long it took: lines without are counted all the same.
    assert (blog.service, blog.count, blog.p50_ms, blog.p99_ms) == ("blog", 3, 0.0, 0.0)
    assert (old.service, old.count, old.p50_ms, old.p95_ms, old.p99_ms) == ("old", 1, None, None, None)


@pytest.mark.parametrize(
    ("order", "services"),
    [
        (RouteOrder.COUNT, ["/orders/{}", "/", "/cart", "/"]),
        (RouteOrder.FAILED, ["/cart", "/orders/{}", "/", "/"]),
        (RouteOrder.P50, ["/cart", "/orders/{}", "/", "/"]),
        (RouteOrder.P99, ["/cart", "/orders/{}", "/", "/"]),
    ],
)
def test_the_first_of_an_order_are_chosen_by_the_store(
    telemetry: Telemetry, order: RouteOrder, services: list[str]
) -> None:
    found = logged_routes(telemetry, HOUR, order=order, limit=10)
    first = logged_routes(telemetry, HOUR, order=order, limit=1)

    assert [each.endpoint for each in found] == services
    assert first == found[:1]


def test_routes_of_one_service(telemetry: Telemetry) -> None:
    found = logged_routes(telemetry, HOUR, service="blog", order=RouteOrder.P95, limit=10)

    assert [each.service for each in found] == ["blog"]
    assert logged_routes(telemetry, HOUR, service="' OR 1", order=RouteOrder.P95, limit=10) == []


def test_paths_without_end_take_no_memory_without_end(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = TimeSpan(NOON + timedelta(hours=2), NOON + timedelta(hours=3))
    rows = [line(7200)._replace(route=f"/wp-{number}", number=number) for number in range(70_000)]
    LogStore(telemetry).write(batch_of(key_of("nginx", "", b"scan"), rows))
    monkeypatch.setattr(requests, "_MOST_GROUPS", 10)

    found = logged_routes(telemetry, span, order=RouteOrder.COUNT, limit=100_000)

    # Whole blocks of rows are grouped before the groups are counted.
    assert len(found) < 70_000
