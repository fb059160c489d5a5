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


def reads_by_turns(part: bytes) -> list[int]:
    """Send 20 bodies of four times *part*; return how many parts were read in each turn after the first."""
    app, read = bounds.in_turn(echo), 0

    async def body() -> None:
        arrived = [piece(part, more=True)] * 4 + [piece(b"")]

        async def receive() -> Message:
            nonlocal read
            read += 1
            return arrived.pop(0)

        async def send(_message: Message) -> None: ...

        await app(SCOPE, receive, send)

    async def run() -> list[int]:
        bodies, counts = asyncio.gather(*(body() for _ in range(20))), []
        await asyncio.sleep(0)
        while not bodies.done():
            before = read
            await asyncio.sleep(0)
            counts.append(read - before)
        return counts

    counts = asyncio.run(run())
    assert read == 20 * 5
    return counts


def test_of_all_bodies_on_their_way_one_large_piece_is_read_at_a_time() -> None:
    assert max(reads_by_turns(b"x" * bounds._LARGE_PIECE)) == 1


def test_small_pieces_wait_for_no_turn() -> None:
    assert max(reads_by_turns(b"x" * (bounds._LARGE_PIECE - 1))) == 0
