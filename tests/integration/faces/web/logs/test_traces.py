"""The trace pages with a real store: slow routes, the search, a waterfall, one span, and links to them."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import LogRow, SpanRow, batch_of

from toban.chapters.errors.models import ErrorGroup, StoredEvent
from toban.engine.telemetry import present
from toban.engine.telemetry.batches import key_of
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.spans.rows import SpanStore

NOW = datetime.now(UTC).replace(microsecond=0)
MS = 1_000_000
START = int((NOW - timedelta(minutes=5)).timestamp()) * 1000 * MS
PART = {"HX-Request": "true"}
EVIL = """<script>alert("x")</script>"""
TRACE = "5b8efff798038103d269b633813fc60c"
SERVER, CLIENT, LOST = "a" * 16, "b" * 16, "c" * 16
MANY = 62


def span(number: int, **changed: Any) -> SpanRow:
    plain = SpanRow(
        f"{NOW:%Y-%m-%d}", START, 10 * MS, TRACE, SERVER, "", "shop", "GET", "SERVER", "", "", "GET",
        "/orders", 200, "", "{}", "{}", "[]", "[]", "otel", number,
    )  # fmt: skip
    return plain._replace(**changed)


def spans() -> list[SpanRow]:
    stack = "Traceback (most recent call last):\n  File x\nDeclined"
    events = [{"name": "exception", "at": START + 30 * MS, "attributes": {"exception.stacktrace": stack}}]
    links = [{"traceId": "f" * 32, "spanId": "e" * 16, "attributes": {}}]
    return [
        span(1, method="POST", route="/cart", code=500, duration_ns=400 * MS, request_id="req-7",
             attributes='{"http.route": "/cart", "cart": {"items": 3}}', resource='{"host.name": "web-1"}'),
        span(2, span_id=CLIENT, parent_id=SERVER, service="payments", name="charge", kind="CLIENT", route="",
             status="ERROR", status_message="declined", code=0, start_ns=START + 20 * MS,
             duration_ns=300 * MS, events=json.dumps(events), links=json.dumps(links)),
        span(3, span_id=LOST, parent_id="d" * 16, name="job of nobody", kind="INTERNAL", route="", code=0,
             start_ns=START + 350 * MS),
        span(4, trace_id="e" * 32, service=EVIL, name=EVIL, route="", method="",
             attributes=json.dumps({EVIL: EVIL})),
        *(span(10 + n, trace_id=f"{n:032x}", start_ns=START - n * 1000 * MS) for n in range(1, MANY)),
    ]  # fmt: skip


def line(number: int, **changed: Any) -> LogRow:
    plain = LogRow(
        "application", f"{NOW:%Y-%m-%d}", START / 1e9, "INFO", "shop", f"line {number}", "", "", "", "", "",
        "", "", 0, 0.0, {}, "shop", number,
    )  # fmt: skip
    return plain._replace(**changed)


@pytest.fixture(scope="module")
def stored(store: StoreProcess) -> str:
    lines = [
        line(1, trace_id=TRACE, span_id=SERVER, message="of the trace"),
        line(2, request_id="req-7", message="of its request"),
        line(3, request_id="req-8", message="of another"),
    ]
    SpanStore(store.telemetry).write(batch_of(key_of("otel", "", b"all"), spans()))
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"all"), lines))
    return store.telemetry_url


@pytest.fixture(autouse=True)
def store_in_use(settings: Settings, stored: str) -> Iterator[None]:
    settings.TELEMETRY_URL = stored
    present.telemetry.cache_clear()
    yield
    present.telemetry.cache_clear()


def text(client: Client, address: str, query: Mapping[str, str] | None = None, answered: int = 200) -> str:
    answer = client.get(address, query)
    assert answer.status_code == answered
    return unescape(answer.content.decode())


def routes_of(page: str) -> list[str]:
    return re.findall(r'class="opens" href="/traces/search\?[^"]*">([^<]*)</a>', page)


def traces_of(page: str) -> list[str]:
    return re.findall(r'class="opens" id="trace-(\w+)"', page)


def test_routes_are_sorted_by_their_slowest_requests_and_link_to_their_traces(viewer: Client) -> None:
    page = text(viewer, "/traces/")
    query = re.findall(r'class="opens" href="(/traces/search\?[^"]*)">POST /cart<', page)[0]
    by_count = text(viewer, "/traces/", {"sort": "count"})

    assert routes_of(page)[0] == "POST /cart"
    assert routes_of(by_count)[0] == "GET /orders"
    assert traces_of(text(viewer, query)) == [TRACE]
    assert "■ 100.0%" in page
    assert page.count(f'href="/traces/{TRACE}"') == 2


def test_routes_are_those_of_the_chosen_service(viewer: Client) -> None:
    assert routes_of(text(viewer, "/traces/", {"service": "shop"})) == ["POST /cart", "GET /orders"]
    page = text(viewer, "/traces/", {"service": "payments"})
    assert routes_of(page) == []
    assert "種類が SERVER のスパンはありません" in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"service": "payments"}, 1),
        ({"route": "/car*", "method": "post"}, 1),
        ({"status": "5xx"}, 1),
        ({"status": "error", "route": "charge"}, 1),
        ({"status": "404"}, 0),
        ({"least": "300.5"}, 1),
    ],
)
def test_traces_are_found_by_the_properties_of_their_spans(
    viewer: Client, query: dict[str, str], count: int
) -> None:
    page = text(viewer, "/traces/search", query)

    assert len(traces_of(page)) == count
    assert ("この条件に当てはまるトレースはありません。" in page) == (count == 0)


def test_the_list_has_pages_and_shows_errors_by_mark_and_word(viewer: Client) -> None:
    first = text(viewer, "/traces/search", {"service": "shop"})
    older = re.findall(r'href="([^"]+)" rel="next"', first)[0]
    rest = text(viewer, older)

    assert len(traces_of(first)) == 50
    assert len({*traces_of(first), *traces_of(rest)}) == MANY
    assert "■ エラー 2" in first
    assert "最新のトレース" in rest


def test_unreadable_search_terms_are_named(viewer: Client) -> None:
    assert "「bad」は状態として読めません" in text(viewer, "/traces/search", {"status": "bad"}, 400)
    assert "「5*」は状態として読めません" in text(viewer, "/traces/search", {"status": "5*"}, 400)
    assert "「1e3」はミリ秒の数として" in text(viewer, "/traces/search", {"least": "1e3"}, 400)
    assert "「yesterday」は日時として" in text(viewer, "/traces/", {"from": "yesterday"}, 400)
    assert "「abc」はトレース ID ではありません" in text(viewer, "/traces/search", {"trace": "abc"})


@pytest.mark.parametrize("odd", ["'", "\\", '"', "%", "{x:String}", "\x00", "注文 *", "*", "-" * 2000])
def test_any_search_text_is_matched_literally(viewer: Client, odd: str) -> None:
    for query in ({"service": odd}, {"route": odd, "method": odd}):
        assert viewer.get("/traces/search", query).status_code == 200
    assert viewer.get("/traces/", {"service": odd, "sort": odd}).status_code == 200
    assert "トレースの置き場が応答しません" not in text(viewer, "/traces/search", {"service": odd})


def test_an_id_opens_its_trace(viewer: Client) -> None:
    answer = viewer.get("/traces/search", {"trace": f" {TRACE.upper()} "})

    assert (answer.status_code, answer["Location"]) == (302, f"/traces/{TRACE}")


def test_a_trace_is_drawn_with_its_errors_and_its_logs(viewer: Client) -> None:
    page = text(viewer, f"/traces/{TRACE}")
    rows = re.findall(r'<summary class="opens" id="span-(\w+)">', page)

    assert rows == [SERVER, CLIENT, LOST]
    assert 'POST /cart <b class="is-failed">■ エラー 500</b>' in page
    assert 'charge <b class="is-failed">■ エラー</b>' in page
    assert "親のスパンが届いていません" in page
    assert '<rect class="svc-1" x="50" width="750"' in page
    assert "of the trace" in page
    assert "of its request" in page
    assert "of another" not in page


def test_a_trace_links_to_its_reported_errors(viewer: Client) -> None:
    group = ErrorGroup.objects.create(
        project="shop", key="k", grouped_by="type", title="Declined: no funds", level="error",
        first_seen=NOW, last_seen=NOW,
    )  # fmt: skip
    for trace_id in (TRACE, "7" * 32):
        event = StoredEvent.objects.create(
            group=group, event_id=f"{trace_id[:8]}", at=NOW, received_at=NOW, trace_id=trace_id,
            is_sample=True, content=b"",
        )  # fmt: skip
        page = text(viewer, f"/traces/{trace_id}", answered=200 if trace_id == TRACE else 404)
        assert f'href="/errors/{group.pk}?event={event.pk}"' in page
        assert "Declined: no funds" in page


def test_a_span_shows_all_its_data_as_a_fragment_and_as_a_page(viewer: Client) -> None:
    address = f"/traces/{TRACE}/{CLIENT}"
    part = viewer.get(address, headers=PART).content.decode()
    page = text(viewer, address)

    for shown in (part, page):
        assert "declined" in shown
        assert "Traceback (most recent call last)" in shown
        assert f'href="/traces/{"f" * 32}#span-{"e" * 16}"' in shown
    assert "<html" not in part
    assert f'href="/traces/{TRACE}#span-{CLIENT}"' in page
    assert "{&quot;items&quot;: 3}" in viewer.get(f"/traces/{TRACE}/{SERVER}", headers=PART).content.decode()


def test_a_trace_without_stored_spans_links_to_its_logs(viewer: Client) -> None:
    page = text(viewer, f"/traces/{'9' * 32}", answered=404)

    assert "このトレースのスパンはありません" in page
    assert f"/logs/?q=traceId%3A{'9' * 32}" in page


@pytest.mark.parametrize("address", ["/traces/x", f"/traces/{TRACE.upper()}", f"/traces/{TRACE}/none"])
def test_an_invalid_trace_id_is_not_found(viewer: Client, address: str) -> None:
    assert viewer.get(address).status_code == 404


def test_a_log_row_links_to_its_trace(viewer: Client) -> None:
    rows = viewer.get("/logs/", {"q": "traceId:*"}).content.decode()
    place = re.findall(r'href="(/logs/\d+-\d+-\d+)\?', rows)[0]

    assert f'href="/traces/{TRACE}"' in rows
    assert f'href="/traces/{TRACE}"' in viewer.get(place).content.decode()


def test_data_from_applications_is_shown_as_text(viewer: Client) -> None:
    for address in ("/traces/", "/traces/search", f"/traces/{'e' * 32}", f"/traces/{'e' * 32}/{SERVER}"):
        page = viewer.get(address, headers=PART).content.decode()
        assert EVIL not in page
        assert "&lt;script&gt;" in page


def test_an_unreachable_store_is_reported(viewer: Client, settings: Settings) -> None:
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"
    present.telemetry.cache_clear()

    for address in ("/traces/", "/traces/search", f"/traces/{TRACE}", f"/traces/{TRACE}/{SERVER}"):
        assert "トレースの置き場が応答しません" in text(viewer, address)


def test_unauthenticated_visitors_see_nothing() -> None:
    assert Client().get(f"/traces/{TRACE}").status_code == 302


def test_english_uses_the_singular_for_one(viewer: Client) -> None:
    viewer.cookies["django_language"] = "en"

    page = text(viewer, f"/traces/{TRACE}")

    assert "■ Error 500" in page
    assert "Errors 500" not in page
    assert ">Trace</a>" in text(viewer, "/logs/", {"q": "of the trace"})
