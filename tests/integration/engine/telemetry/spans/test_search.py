"""Spans in a real store: one trace, lists of traces, the figures of routes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import SpanRow, batch_of

from toban.engine.search_parts import Match, SearchTerm
from toban.engine.telemetry.batches import key_of
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.spans.search import SpanSearch, SpanTerm, TraceSummary

NOON = datetime(2026, 11, 26, 3, tzinfo=UTC)
MS = 1_000_000
DAY = TimeSpan(NOON - timedelta(hours=12), NOON + timedelta(hours=12))


def row(number: int, trace: int, span: int, parent: int = 0, **more: Any) -> SpanRow:
    """A span of the shop, *number* seconds after noon."""
    start = (int(NOON.timestamp()) + number) * 1000 * MS
    plain = SpanRow(
        "2026-11-26", start, 10 * MS, f"{trace:032x}", f"{span:016x}", f"{parent:016x}" if parent else "",
        "shop", "GET", "SERVER", "", "", "GET", "/orders/{id}", 200, "", "{}", "{}", "[]", "[]", "otel",
        number,
    )  # fmt: skip
    return plain._replace(**more)


def whole(field: str, value: str) -> SpanTerm:
    return SearchTerm(field, Match.WHOLE, value)


def begins(field: str, value: str) -> SpanTerm:
    return SearchTerm(field, Match.BEGINS, value)


def spans() -> list[SpanRow]:
    return [
        *(row(number, 100 + number, number, duration_ns=number * MS) for number in range(1, 101)),
        row(101, 1, 901, route="/cart", method="POST", code=500, duration_ns=400 * MS, request_id="req-1",
            attributes='{"http.route": "/cart"}', resource='{"host.name": "web-1"}',
            events=json.dumps([{"name": "exception", "at": 5, "attributes": {"type": "Declined"}}])),
        row(102, 1, 902, 901, kind="CLIENT", service="payments", name="charge", route="", method="",
            status="ERROR", status_message="declined", code=0, duration_ns=300 * MS),
        row(103, 2, 903, kind="CONSUMER", name="send mail", route="", method="", code=0),
        row(104, 3, 904, service="a \"quoted\" 'name'", name="job", route="", method="", code=0),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def search(store: StoreProcess) -> SpanSearch:
    written = SpanStore(store.telemetry)
    for _ in range(2):
        written.write(batch_of(key_of("otel", "", b"all"), spans()))
    # A part of it again, in another batch.
    written.write(batch_of(key_of("otel", "", b"again"), spans()[101:102]))
    return SpanSearch(store.telemetry)


def names(found: list[TraceSummary]) -> list[int]:
    return [int(each.trace_id, 16) for each in found]


def test_a_trace_has_each_of_its_spans_once(search: SpanSearch) -> None:
    server, client = search.trace(f"{1:032x}", limit=10)

    assert (server.title, server.has_failed, server.request_id) == ("POST /cart", True, "req-1")
    assert (client.title, client.has_failed, client.parent_id) == ("charge", True, server.span_id)
    assert search.trace("f" * 32, limit=10) == []


def test_a_span_has_everything_that_was_sent(search: SpanSearch) -> None:
    found = search.details(f"{1:032x}", f"{901:016x}")

    assert found is not None
    assert found.attributes == {"http.route": "/cart"}
    assert found.events[0]["attributes"] == {"type": "Declined"}
    assert (found.resource, found.links, found.sender) == ({"host.name": "web-1"}, [], "otel")
    assert search.details(f"{1:032x}", "0" * 16) is None


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([whole("service", "payments")], [1]),
        ([whole("endpoint", "/cart")], [1]),
        ([begins("endpoint", "send")], [2]),
        ([whole("service", "a \"quoted\" 'name'")], [3]),
        ([whole("method", "POST"), whole("status", "5xx")], [1]),
        ([whole("status", "500")], [1]),
        ([whole("status", "501")], []),
        ([whole("status", "error")], [1]),
        ([whole("status", "ok"), begins("endpoint", "/cart")], []),
        ([SearchTerm("duration_ms", Match.AT_LEAST, "99")], [1, 200, 199]),
        (
            [
                SearchTerm("duration_ms", Match.AT_LEAST, "5"),
                SearchTerm("duration_ms", Match.AT_MOST, "6"),
                begins("endpoint", "/orders/"),
            ],
            [106, 105],
        ),
        ([whole("service", "nobody")], []),
    ],
)
def test_traces_are_found_by_their_spans(
    search: SpanSearch, terms: list[SpanTerm], expected: list[int]
) -> None:
    assert names(search.newest(terms, DAY, limit=10)) == expected


def test_a_trace_in_a_list_is_summarised_over_all_its_spans(search: SpanSearch) -> None:
    (found,) = search.newest([whole("service", "payments")], DAY, limit=10)

    assert (found.service, found.title) == ("shop", "POST /cart")
    assert (found.spans, found.failed, found.services) == (2, 2, 2)
    assert found.duration_ns == 1300 * MS


def test_the_next_page_continues_where_the_list_ended(search: SpanSearch) -> None:
    first = search.newest([whole("endpoint", "/orders/{id}")], DAY, limit=60)
    rest = search.newest([whole("endpoint", "/orders/{id}")], DAY, limit=60, before=first[-1].place)

    assert names(first) + names(rest) == list(range(200, 100, -1))


def test_a_trace_of_many_spans_is_listed_once(search: SpanSearch) -> None:
    found: list[TraceSummary] = []
    while page := search.newest((), DAY, limit=2, before=found[-1].place if found else None):
        found += page

    assert names(found) == [3, 2, 1, *range(200, 100, -1)]


def test_traces_of_the_same_time_are_not_lost_at_a_page_boundary(store: StoreProcess) -> None:
    day = timedelta(days=40)
    within = TimeSpan(DAY.start - day, DAY.end - day)
    start = (int((NOON - day).timestamp())) * 1000 * MS
    older = [row(0, 300 + each, 1, day="2026-10-17", start_ns=start - each) for each in (1, 2)]
    # Each trace also has an older span, which must not list it again.
    twins = [
        row(0, 400 + each, span, day="2026-10-17", start_ns=start - 5 * (span - 1))
        for each in range(5)
        for span in (1, 2)
    ]
    SpanStore(store.telemetry).write(batch_of(key_of("otel", "", b"twins"), [*older, *twins]))
    search = SpanSearch(store.telemetry)

    for limit in (1, 2, 3, 5):
        found: list[TraceSummary] = []
        while page := search.newest((), within, limit=limit, before=found[-1].place if found else None):
            found += page
        assert names(found) == [400, 401, 402, 403, 404, 301, 302]


def test_routes_are_listed_with_their_figures_slowest_first(search: SpanSearch) -> None:
    cart, orders, job = search.routes(DAY, limit=10)

    assert (cart.method, cart.endpoint, cart.count, cart.failed) == ("POST", "/cart", 1, 1)
    assert int(cart.slowest, 16) == int(cart.last_failed, 16) == 1
    assert (orders.count, orders.failed, int(orders.slowest, 16), orders.last_failed) == (100, 0, 200, "")
    assert [orders.p50_ms, orders.p95_ms, orders.p99_ms] == pytest.approx([50, 95, 99], abs=1.5)
    assert (job.endpoint, job.p50_ms) == ("job", 10)
    assert [each.endpoint for each in search.routes(DAY, service="payments", limit=10)] == []


def test_services_with_spans_are_listed(search: SpanSearch) -> None:
    before = TimeSpan(NOON - timedelta(hours=2), NOON)

    assert search.services(DAY, limit=10) == ["a \"quoted\" 'name'", "payments", "shop"]
    assert search.services(before, limit=10) == []
