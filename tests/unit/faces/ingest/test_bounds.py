"""A body arrives in its time, or its connection is closed."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from toban.faces.ingest import bounds

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


def answered(messages: Sequence[tuple[float, Message]]) -> list[Message]:
    """Send *messages*, each after its seconds, and return what is answered."""
    sent: list[Message] = []
    waiting = list(messages)

    async def receive() -> Message:
        seconds, message = waiting.pop(0) if waiting else (3600.0, {"type": "http.disconnect"})
        await asyncio.sleep(seconds)
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await bounds.in_time(echo)(SCOPE, receive, send)

    asyncio.run(run())
    return sent


def piece(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_time_is_passed_on() -> None:
    sent = answered([(0, piece(b"a", more=True)), (0.01, piece(b"b"))])

    assert [each.get("status", each.get("body")) for each in sent] == [200, b"ab"]


def test_a_body_that_does_not_arrive_is_answered_with_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_PATIENCE", 0.05)

    sent = answered([(0, piece(b"a", more=True)), (5, piece(b"b"))])

    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_large_body_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_PATIENCE", 0.05)
    long = piece(b"x" * bounds._SLOWEST, more=True)

    assert answered([(0, long), (0.2, piece(b"y"))])[0]["status"] == 200
