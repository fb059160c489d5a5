"""The server's application handles the endpoints of extensions, and passes the rest on to the web pages."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from starlette.types import ASGIApp
from tests.integration.extensions.toy import routes
from tests.registered import PARTS

from toban.engine.registry.parts import Parts
from toban.faces.ingest.app import application, first_segment
from toban.faces.ingest.elsewhere import hint
from toban.faces.ingest.hub import Hub
from toban.faces.ingest.server import intakes

TOY = Parts(("tests.integration.extensions.toy.extension",))


def test_an_external_extension_adds_its_endpoint() -> None:
    answer = _ask("/toy/ring")

    assert (answer.status_code, answer.text) == (200, f"rung at {datetime.now(UTC):%Y}")


@pytest.mark.django_db(transaction=True)
def test_background_tasks_start_and_stop_with_the_server() -> None:
    async def begun() -> list[str]:
        async with _running(_application(TOY)):
            return list(routes.happened)

    routes.happened.clear()

    assert asyncio.run(begun()) == ["began"]
    assert routes.happened == ["began", "ended"]


@pytest.mark.parametrize("path", ["/toy/unknown", "/toy", "/toy/ring/twice"])
def test_an_unknown_path_next_to_an_endpoint_is_a_plain_404(path: str) -> None:
    """A sender would mistake the redirect to the sign-in for a success."""
    assert _ask(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("/loki/api/v1/push", "POST /ingest/logs"),
        ("/_bulk", "POST /ingest/logs"),
        ("/shop-2026.11.26/_bulk", "POST /ingest/logs"),
        ("/shop/_doc/", "POST /ingest/logs"),
        ("/services/collector/event", "POST /ingest/logs"),
        ("/api/v2/logs", "POST /ingest/logs"),
        ("/v1/input/a-key", "POST /ingest/logs"),
        ("/gelf", "POST /ingest/logs"),
        ("/api/v1/series", "POST /api/v1/write"),
        ("/api/v2/write", "POST /api/v1/write"),
        ("/metrics/job/nightly/instance/web-1", "POST /api/v1/write"),
        ("/api/v2/spans", "POST /v1/traces"),
        ("/v0.4/traces", "POST /v1/traces"),
        ("/api/1/minidump/", "POST /api/PROJECT/envelope/"),
    ],
)
def test_a_sender_at_another_products_intake_is_told_where_to_send(path: str, instead: str) -> None:
    answer = _ask(path, PARTS, method="POST")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert f"Send to {instead} instead" in answer.text


def test_what_is_sent_to_no_page_is_not_redirected_to_the_sign_in() -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert _ask("/intake/of/a/product/nobody/knows", method=method).status_code == 404


def test_no_endpoint_of_toban_is_taken_for_another_products() -> None:
    own = [route.path for each in intakes(PARTS.extensions, Mock()) for route in each.routes]
    pages = [f"/{address}" for address in _addresses(get_resolver())]

    assert len(own) > 10
    assert [path for path in (*own, *pages) if hint(re.sub(r"\{\w+\}", "1", path))] == []


@pytest.mark.parametrize("path", ["/to", "/toy-of-others", "/logs/toy/ring", "//toy/ring", "/"])
def test_every_other_path_goes_to_the_web_pages(path: str) -> None:
    assert _ask(path).headers["location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "path",
    [
        "/live/", "/live/logs/", "/healthz/", "/metrics/", "/ping/a-token/", "/ping/a-token/start/",
        "/ingest/logs/", "/ingest/metrics/", "/v1/logs/", "/v1/traces/", "/v1/metrics/", "/api/v1/write/",
        "/api/v2/alerts/", "/slack/actions/", "/api/1/envelope", "/api/1/store", "/static/x",
    ],
)  # fmt: skip
def test_no_endpoint_redirects_to_a_host_that_a_stranger_names(path: str) -> None:
    answer = _ask(path, PARTS, host="evil.example")

    assert answer.status_code in (401, 404)
    assert "location" not in answer.headers


def test_no_page_is_hidden_by_an_ingest_endpoint() -> None:
    pages = {first_segment(f"/{address}") for address in _addresses(get_resolver())}
    hidden = [page for page in sorted(pages) if not _is_the_pages(f"/{page}/nothing/there")]

    assert len(pages) > 10
    assert hidden == []


def _is_the_pages(path: str) -> bool:
    """Return whether Django answers: only its pages forbid caching."""
    return "no-store" in _ask(path, PARTS).headers.get("cache-control", "")


def _ask(path: str, parts: Parts = TOY, host: str = "localhost", method: str = "GET") -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(_application(parts))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.request(method, f"http://{host}{path}")

    return asyncio.run(ask())


def _application(parts: Parts) -> ASGIApp:
    return application(parts, Hub(lambda: ("", "")), dict, [Path(__file__).parent])


@asynccontextmanager
async def _running(app: ASGIApp) -> AsyncIterator[None]:
    """Start *app* and stop it, like a server does."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.ensure_future(app({"type": "lifespan", "state": {}}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    yield
    await told.put({"type": "lifespan.shutdown"})
    await life


def _addresses(resolver: URLResolver, above: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        address = f"{above}{each.pattern}"
        if isinstance(each, URLPattern):
            yield address
        else:
            yield from _addresses(each, address)
