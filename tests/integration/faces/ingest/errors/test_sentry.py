"""Sentry's own SDK reports to a real server; then comes everything no SDK would send."""

import gzip
import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any
from uuid import uuid4

import cramjam
import httpx
import pytest
import sentry_sdk
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright
from sentry_sdk.transport import HttpTransport
from tests import asking
from tests.e2e.browsing import browser_program
from tests.integration.faces.ingest.errors.browser_page import SDK, shop_page
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

from toban.chapters.errors.intake.payload import LARGEST

KEY = "0123456789abcdef0123456789abcdef"
BINDINGS = """
[errors.shop]
project = 1
key = "file:shop-key"

[errors.web]
project = 2
key = "file:web-key"
rate = 3

[errors.lost]
project = 3
key = "file:nowhere"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("errors")
    for name, key in (("shop-key", KEY), ("web-key", "f" * 32)):
        (home / name).write_text(key)
        (home / name).chmod(0o600)
    with serving(home, DOCUMENT, BINDINGS) as running:
        yield running


def post(
    served: Served, body: bytes, path: str = "1/envelope", *, key: str = KEY, **headers: str
) -> httpx.Response:
    shown = {"X-Sentry-Auth": f"Sentry sentry_key={key}, sentry_version=7"} if key else {}
    shown |= {name.replace("_", "-"): value for name, value in headers.items()}
    return asking.post(f"{served.url}/api/{path}/", content=body, headers=shown, timeout=60)


def envelope(event: Mapping[str, object] | bytes, **header: object) -> bytes:
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    item = json.dumps({"type": "event", "length": len(payload)}).encode()
    return json.dumps(header).encode() + b"\n" + item + b"\n" + payload


def groups(served: Served) -> list[dict[str, Any]]:
    """Return every error with its newest event, read while the server runs."""
    with closing(sqlite3.connect(f"file:{served.home / 'state.sqlite3'}?mode=ro", uri=True)) as state:
        state.row_factory = sqlite3.Row
        rows = state.execute(
            """SELECT g.*, e.content FROM errors_errorgroup g JOIN errors_storedevent e ON e.id =
            (SELECT max(id) FROM errors_storedevent WHERE group_id = g.id) ORDER BY g.id"""
        )
        return [{**row, "event": json.loads(zstandard.decompress(row["content"]))} for row in rows]


def titled(served: Served, title: str) -> dict[str, Any]:
    return next(each for each in groups(served) if each["title"] == title)


def pay(amount: int) -> float:
    password = "hunter2"
    return amount / 0 if password else 0


def test_the_python_sdk_reports_an_exception_a_message_and_a_session(served: Served) -> None:
    client = sentry_sdk.Client(
        dsn=f"http://{KEY}@127.0.0.1:{served.port}/1",
        release="shop@1.2.0",
        environment="production",
        in_app_include=["tests"],
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.set_user({"id": "u-17"})
        scope.set_tag("request_id", "r-4711")
        scope.add_breadcrumb(category="cart", message="paid with 4111 1111 1111 1111")
        try:
            pay(100)
        except ZeroDivisionError:
            sentry_sdk.capture_exception()
        scope.start_session()
        scope.end_session()
        sentry_sdk.capture_message("stock is low", level="warning")
        client.flush(timeout=20)
    client.close(timeout=20)

    found = titled(served, "ZeroDivisionError: division by zero")
    event = found["event"]
    assert (found["project"], found["level"], found["count"], found["users"]) == ("shop", "error", 1, 1)
    assert found["culprit"] == "tests.integration.faces.ingest.errors.test_sentry pay"
    assert (event["release"], event["environment"], event["request_id"]) == (
        "shop@1.2.0",
        "production",
        "r-4711",
    )
    last = event["raised"][-1]["frames"][-1]
    assert (last["function"], last["in_app"]) == ("pay", True)
    assert "amount / 0" in last["source"]
    assert last["variables"]["password"] == "***"
    assert "1111 1111 1111" not in str(event["crumbs"])
    assert titled(served, "stock is low")["level"] == "warning"


def test_the_sdk_is_rate_limited_and_pauses(served: Served) -> None:
    client = sentry_sdk.Client(dsn=f"http://{'f' * 32}@127.0.0.1:{served.port}/2")
    for number in range(6):
        client.capture_event({"message": f"flood {'abcdef'[number]}"})
        client.flush(timeout=20)

    assert isinstance(client.transport, HttpTransport)
    assert client.transport._disabled_until
    client.close(timeout=20)
    assert sum(each["count"] for each in groups(served) if each["project"] == "web") == 3

    reply = post(served, envelope({"message": "one more"}), "2/envelope", key="f" * 32)
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= 60
    assert reply.headers["x-sentry-rate-limits"] == f"{reply.headers['retry-after']}:error:project:rate"


def test_a_browser_payload_is_accepted_as_plain_text_with_the_key_in_the_url(served: Served) -> None:
    event = {
        "event_id": uuid4().hex,
        "platform": "javascript",
        "exception": {
            "values": [
                {
                    "type": "TypeError",
                    "value": "cart is undefined",
                    "stacktrace": {
                        "frames": [
                            {
                                "filename": f"{served.url}/main.3f2a9c1b.js?v=1",
                                "function": "pay",
                                "lineno": 1,
                                "colno": 77,
                                "in_app": True,
                            }
                        ]
                    },
                    "mechanism": {"type": "auto.browser.global_handlers.onerror", "handled": False},
                }
            ]
        },
        "request": {"url": "https://shop.example/cart?token=abc", "headers": {"User-Agent": "Mozilla/5.0"}},
        "sdk": {"name": "sentry.javascript.browser", "version": "10.1.0"},
    }
    sent_at = {"event_id": event["event_id"], "sent_at": "2026-11-26T00:00:00.000Z"}
    address = f"{served.url}/api/1/envelope/?sentry_version=7&sentry_key={KEY}&sentry_client=browser"
    origin = {"Origin": "https://shop.example", "Content-Type": "text/plain;charset=UTF-8"}

    reply = asking.post(address, content=envelope(event, **sent_at), headers=origin)

    assert (reply.status_code, reply.json()) == (200, {"id": event["event_id"]})
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "x-sentry-rate-limits" in reply.headers["access-control-expose-headers"]
    found = titled(served, "TypeError: cart is undefined")
    assert found["event"]["raised"][0]["handled"] is False
    assert "abc" not in found["event"]["request"]["url"]


@pytest.mark.browser
def test_the_browser_sdk_reports_an_uncaught_error_from_another_origin(served: Served) -> None:
    program = browser_program()
    if program is None or not (SDK / "node_modules").exists():
        pytest.skip("needs Chromium, and @sentry/browser in .boot/sentry (./check brings both)")
    with shop_page(f"http://{KEY}@127.0.0.1:{served.port}/1") as address, sync_playwright() as playwright:
        # Chromium refuses to use its sandbox as root.
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=os.geteuid() != 0)
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("window.sent !== undefined", timeout=60_000)
        assert page.evaluate("window.sent") is True
        browser.close()

    found = titled(served, "TypeError: Cannot read properties of null (reading 'items')")
    assert (found["platform"], found["users"], found["last_release"]) == ("javascript", 1, "web@2.0.0")
    raised = found["event"]["raised"][-1]
    assert (raised["handled"], raised["frames"][-1]["function"]) == (False, "total")
    assert found["event"]["request"]["url"] == address


def test_a_browser_may_send_a_preflight_request(served: Served) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "x-sentry-auth"}

    reply = httpx.options(f"{served.url}/api/1/envelope/", headers=asked, trust_env=False)

    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "x-sentry-auth" in reply.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("br", lambda body: bytes(cramjam.brotli.compress(body))),
    ],
)
def test_an_event_in_any_compression_is_stored_once_however_often_it_arrives(
    served: Served, encoding: str, pack: Any
) -> None:
    event_id = uuid4().hex
    body = pack(envelope({"message": f"packed by {encoding}"}, event_id=event_id))

    for _ in range(2):
        reply = post(served, body, content_encoding=encoding)
        assert (reply.status_code, reply.json()) == (200, {"id": event_id})

    assert titled(served, f"packed by {encoding}")["count"] == 1


def test_the_older_endpoint_and_a_key_inside_the_envelope_work_too(served: Served) -> None:
    plain = post(served, json.dumps({"event_id": uuid4().hex, "message": "by store"}).encode(), "1/store")
    tunnelled = post(served, envelope({"message": "by tunnel"}, dsn=f"http://{KEY}@toban.example/1"), key="")

    assert (plain.status_code, tunnelled.status_code) == (200, 200)
    assert {"by store", "by tunnel"} <= {each["title"] for each in groups(served)}


def test_items_other_than_events_are_accepted_and_ignored(served: Served) -> None:
    before = len(groups(served))
    items = (
        b'{}\n{"type":"transaction"}\n{"spans":[]}\n{"type":"client_report"}\n{}\n{"type":"never_heard"}\n{}'
    )

    assert post(served, items).status_code == 200
    assert post(served, json.dumps({"type": "transaction"}).encode(), "1/store").status_code == 200
    assert post(served, b"{}\n").status_code == 200

    assert len(groups(served)) == before


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("1/envelope", "wrong"),
        ("1/envelope", ""),
        ("1/envelope", "f" * 32),
        ("2/envelope", KEY),
        ("3/envelope", KEY),
        ("99/envelope", KEY),
        ("x/envelope", KEY),
        ("9" * 5000 + "/envelope", KEY),
        ("1/store", "wrong"),
    ],
)
def test_an_unauthenticated_sender_learns_nothing(served: Served, path: str, key: str) -> None:
    reply = post(served, envelope({"message": "from a stranger"}), path, key=key)

    assert reply.status_code == 401
    assert reply.json() == {"detail": "a DSN of [errors.NAME] in toban.toml is needed"}


@pytest.mark.parametrize("key", ["wrong", ""])
def test_an_unauthenticated_sender_fills_no_memory(served: Served, key: str) -> None:
    assert post(served, envelope(b"x" * (4 << 20)), key=key).status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"no envelope", {}, 400),
        (envelope(b"[]"), {}, 400),
        (envelope(b"{"), {}, 400),
        (envelope({"message": "x" * LARGEST}), {}, 413),
        (gzip.compress(bytes(64 << 20)), {"content_encoding": "gzip"}, 413),
        # A low level: with the default, every process that collects the tests would compress for seconds.
        (bytes(cramjam.brotli.compress(bytes(64 << 20), level=1)), {"content_encoding": "br"}, 413),
        (b"x", {"content_encoding": "br"}, 400),
        (b"x", {"content_encoding": "compress"}, 400),
        (b"x" * (17 << 20), {}, 413),
    ],
)
def test_unacceptable_events_are_refused_with_a_reason(
    served: Served, body: bytes, headers: dict[str, str], status: int
) -> None:
    reply = post(served, body, **headers)

    assert reply.status_code == status
    assert reply.headers["x-sentry-error"] == reply.json()["detail"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    *("event_id", "timestamp", "level", "platform", "logger", "transaction", "release", "environment"),
    *("message", "logentry", "exception", "threads", "breadcrumbs", "user", "request", "tags", "contexts"),
    *("extra", "fingerprint", "sdk", "server_name", "type"),
)
EVENTS = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8)
CHAINS = st.builds(
    lambda values, frames: {"exception": {"values": [{**values, "stacktrace": {"frames": frames}}]}},
    st.dictionaries(st.sampled_from(("type", "value", "module", "mechanism")), JSON),
    st.lists(
        st.dictionaries(
            st.sampled_from(("module", "function", "filename", "lineno", "in_app", "vars")), JSON
        ),
        max_size=3,
    ),
)
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(event=EVENTS | CHAINS | JSON)
def test_no_event_content_causes_a_server_error(served: Served, event: object) -> None:
    body = json.dumps(event).encode()

    assert post(served, envelope(body)).status_code in (200, 400, 429)
    assert post(served, body, "1/store").status_code in (200, 400, 429)


@FUZZ
@given(body=st.binary(max_size=200), encoding=st.sampled_from(("", "gzip", "deflate", "zstd", "br")))
def test_no_bytes_cause_a_server_error(served: Served, body: bytes, encoding: str) -> None:
    for start in (b"", b'{"dsn":"http://a@b/1"}\n', b'{}\n{"type":"event"}\n'):
        assert post(served, start + body, content_encoding=encoding).status_code in (200, 400, 413, 429)
        assert post(served, start + body, "1/store", key="").status_code in (400, 401, 413)


@pytest.mark.slow
def test_acknowledged_events_survive_a_kill_and_resending_creates_no_duplicate(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("killed")
    (home / "shop-key").write_text(KEY)
    bindings = '[errors.shop]\nproject = 1\nkey = "file:shop-key"\nrate = 100000'
    sent = [uuid4().hex for _ in range(200)]

    def send(running: Served, event_id: str) -> bool:
        try:
            return post(running, envelope({"message": "in the middle", "event_id": event_id})).is_success
        except httpx.TransportError:
            return False

    with serving(home, DOCUMENT, bindings) as running:
        killer = threading.Timer(0.5, running.process.kill)
        killer.start()
        with ThreadPoolExecutor(4) as senders:
            acknowledged = [
                event_id
                for event_id, taken in zip(sent, senders.map(partial(send, running), sent), strict=True)
                if taken
            ]
        killer.join()
        running.process.wait(timeout=10)
        running.launch()
        assert set(acknowledged) <= seen(running)
        assert all(send(running, event_id) for event_id in sent)

        assert seen(running) == set(sent)
        assert titled(running, "in the middle")["count"] == len(sent)


def seen(served: Served) -> set[str]:
    """Return the ids of all received events."""
    with closing(sqlite3.connect(f"file:{served.home / 'state.sqlite3'}?mode=ro", uri=True)) as state:
        return {event_id for (event_id,) in state.execute("SELECT event_id FROM errors_seenevent")}
