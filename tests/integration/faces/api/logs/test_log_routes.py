"""The figures of routes by the API, from the access logs of a real store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.api.conftest import Program, Programs
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.people.models import OperatorRole
from toban.engine.telemetry import present
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


def line(number: int, route: str, duration_ms: float) -> LogRow:
    return LogRow(
        "access", f"{AT:%Y-%m-%d}", AT.timestamp(), "INFO", "shop", "", "", "", "", "", "", "GET", route,
        503 if number == 1 else 200, duration_ms, {}, "nginx", number,
    )  # fmt: skip


@pytest.fixture
def reader(program: Programs, store: StoreProcess, settings: Settings) -> Iterator[Program]:
    rows = [line(1, "/cart", 40.0), line(2, "/cart", 40.0), line(3, "/", NO_DURATION)]
    LogStore(store.telemetry).write(batch_of(key_of("nginx", "", b"three"), rows))
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    yield program(OperatorRole.VIEWER)
    present.telemetry.cache_clear()


def test_routes_come_with_their_figures(reader: Program) -> None:
    cart, top = reader.get("/logs/routes")["items"]
    (first,) = reader.get("/logs/routes", service="shop", sort="count", limit=1)["items"]

    assert cart == first
    assert (cart["service"], cart["method"], cart["route"]) == ("shop", "GET", "/cart")
    assert (cart["count"], cart["failed"], cart["p50Ms"], cart["p99Ms"]) == (2, 1, 40.0, 40.0)
    assert (top["route"], top["p50Ms"], top["p95Ms"]) == ("/", None, None)
    assert reader.get("/logs/routes", service="nobody")["items"] == []


def test_a_time_that_ends_before_it_begins_and_an_unknown_order_are_refused(reader: Program) -> None:
    times = {"since": "2026-11-28T00:00:00Z", "until": "2026-11-27T00:00:00Z"}

    assert "detail" in reader.get("/logs/routes", status=422, **times)
    assert reader.get("/logs/routes", status=422, sort="beauty")["errors"][0]["at"] == "query/sort"


def test_routes_are_read_with_the_scope_of_logs(program: Programs) -> None:
    program(OperatorRole.VIEWER, "read:runs", name="ken").get("/logs/routes", status=403)
