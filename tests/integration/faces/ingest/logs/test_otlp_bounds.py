"""OTLP while the store is down, and while too much arrives at once: the application without a server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from tests.integration.faces.ingest.served import DOCUMENT
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.store import Telemetry
from toban.faces.ingest.logs.otlp import OtlpIn
from toban.faces.ingest.senders import Senders

NOWHERE = "http://toban:x@127.0.0.1:9/toban"
BINDINGS = """
[senders.otel]
token = "file:token"
may = ["logs", "traces"]
"""


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    """A client of the endpoints; their store does not answer."""
    (tmp_path / "token").write_text("a token")
    (tmp_path / "token").chmod(0o600)
    bindings = read_bindings(BINDINGS, tmp_path / "toban.toml", schema())
    edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings)
    store = Telemetry(NOWHERE)
    otlp = OtlpIn(
        Senders(lambda: edition),
        lambda: edition,
        lambda: LogStore(store),
        lambda: SpanStore(store),
        system_clock,
    )
    routes = [Route(f"/v1/{each.__name__}", each, methods=("POST",)) for each in (otlp.logs, otlp.traces)]
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=Starlette(routes=routes)),
        base_url="http://toban",
        headers={"authorization": "Bearer a token", "content-type": "application/json"},
    )


LOGS = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]}
SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}


def test_an_unreachable_store_asks_for_a_retry(client: httpx.AsyncClient) -> None:
    started = {**SPAN, "startTimeUnixNano": str(int(system_clock().timestamp()) * 1_000_000_000)}
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [started]}]}]}

    async def send() -> list[httpx.Response]:
        async with client:
            return [await client.post("/v1/logs", json=LOGS), await client.post("/v1/traces", json=spans)]

    for reply in asyncio.run(send()):
        assert (reply.status_code, reply.headers["retry-after"], reply.json()["code"]) == (503, "5", 14)


MANY = 15 * 1024 * 1024
"""Bytes of a body; two are half of the room, which is all that one sender may hold."""


def test_too_many_requests_at_once_are_asked_to_retry_later(client: httpx.AsyncClient) -> None:
    async def send() -> tuple[httpx.Response, list[httpx.Response]]:
        arrives, goes_on = asyncio.Semaphore(0), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b" " * MANY
            arrives.release()
            await goes_on.wait()
            yield b"{}"

        async with client, asyncio.TaskGroup() as sending:
            waiting = [sending.create_task(client.post("/v1/logs", content=slow())) for _ in range(2)]
            for _ in waiting:
                await arrives.acquire()
            refused = await client.post("/v1/logs", content=slow())
            goes_on.set()
        return refused, [each.result() for each in waiting]

    refused, taken = asyncio.run(send())

    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (429, "1", 8)
    assert [each.status_code for each in taken] == [200] * 2
