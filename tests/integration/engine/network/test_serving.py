"""What one connection may have a server keep, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from toban.engine.network.serving import BoundedHttp

ASK = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
LINE = b"X-Long: " + b"x" * 8000 + b"\r\n"
PATIENCE = 20


class Answering:
    """An application that answers with a request's path and the length of its body, when it may."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        length, more = 0, True
        while more:
            message = await receive()
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        await self.may.wait()
        said = f"{scope['path']} {length}\n".encode()
        headers = [(b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def serving(
    app: Answering,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, BoundedHttp]]:
    """Serve *app*, and yield a connection to it with its other end."""
    made: asyncio.Queue[BoundedHttp] = asyncio.Queue()

    def connected() -> BoundedHttp:
        made.put_nowait(each := BoundedHttp(config, state, {}))
        return each

    config, state = Config(app, lifespan="off", ws="none", log_level="critical"), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    async with asyncio.timeout(PATIENCE), server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            yield reader, writer, await made.get()
        finally:
            writer.close()


async def answer(reader: asyncio.StreamReader) -> str:
    """Return the body of the next answer, or the status line of a refusal."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return head.split(b"\r\n")[0].decode()
    return (await reader.readline()).decode().strip()


def test_endless_headers_are_refused() -> None:
    async def ask() -> None:
        async with serving(Answering()) as (reader, writer, _):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + LINE)
            await asyncio.sleep(0.2)
            writer.write(LINE * 2)
            assert await answer(reader) == "HTTP/1.1 400 Bad Request"

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (LINE, "/ 0"),
        (b"X-One: " + b"x" * 15_000 + b"\r\n", "/ 0"),
        (b"X-One: " + b"x" * 18_000 + b"\r\n", "HTTP/1.1 400 Bad Request"),
        (b"a:b\r\n" * 199, "/ 0"),
        (b"a:b\r\n" * 200, "HTTP/1.1 400 Bad Request"),
        (b"Host: b\r\n", "HTTP/1.1 400 Bad Request"),
    ],
    ids=["long", "one long", "one too long", "many", "too many", "two hosts"],
)
def test_headers_find_limited_room(head: bytes, said: str) -> None:
    async def ask() -> None:
        async with serving(Answering()) as (reader, writer, _):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n")
            assert await answer(reader) == said

    asyncio.run(ask())


@pytest.mark.parametrize("trailer", [b"Host: evil\r\n", b"a:b\r\n" * 2000])
def test_trailers_are_no_headers(trailer: bytes) -> None:
    async def ask() -> None:
        app = Answering()
        async with serving(app) as (reader, writer, _):
            head = b"POST /sent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head + b"3\r\nabc\r\n0\r\n" + trailer + b"\r\n" + ASK % 2)
            assert await answer(reader) == "/sent 3"
            assert await answer(reader) == "/2 0"
        assert [name for name, _ in app.scopes[0]["headers"]] == [b"host", b"transfer-encoding"]

    asyncio.run(ask())


@pytest.mark.parametrize("endless", [b"0\r\n" + b"a:b\r\n" * 5_000, b"3;" + b"x" * 20_000],
                         ids=["trailers", "extension of a chunk"])  # fmt: skip
def test_what_is_around_a_body_finds_limited_room(endless: bytes) -> None:
    async def ask() -> None:
        async with serving(Answering()) as (reader, writer, _):
            head = b"POST /sent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head + endless)
            assert await answer(reader) == "HTTP/1.1 400 Bad Request"

    asyncio.run(ask())


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_arrive_and_the_request_behind_them(chunked: bool) -> None:
    async def ask() -> None:
        async with serving(Answering()) as (reader, writer, _):
            body, size = b"x" * 3_000_000, b"Content-Length: 3000000\r\n\r\n"
            if chunked:
                body, size = (
                    b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
                    b"Transfer-Encoding: chunked\r\n\r\n",
                )
            writer.write(b"POST /sent HTTP/1.1\r\nHost: a\r\n" + size + body + ASK % 2)
            assert await answer(reader) == "/sent 3000000"
            assert await answer(reader) == "/2 0"

    asyncio.run(ask())


def test_requests_that_wait_find_limited_room_and_are_answered_in_order() -> None:
    async def ask() -> None:
        app = Answering()
        app.may.clear()
        async with serving(app) as (reader, writer, connection):
            asked = 5_000
            writer.write(b"".join(ASK % number for number in range(asked)))
            await asyncio.sleep(0.5)
            assert len(app.scopes) == 1
            assert 0 < len(connection.pipeline) < 50
            assert 0 < len(connection._unread) <= 256 * 1024
            app.may.set()
            for number in range(asked):
                assert await answer(reader) == f"/{number} 0"

    asyncio.run(ask())


def test_a_body_behind_a_waiting_request_arrives() -> None:
    async def ask() -> None:
        app = Answering()
        app.may.clear()
        async with serving(app) as (reader, writer, _):
            sent = b"POST /sent HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
            writer.write(ASK % 1 + sent + ASK % 3)
            await asyncio.sleep(0.2)
            app.may.set()
            assert [await answer(reader) for _ in range(3)] == ["/1 0", "/sent 1000000", "/3 0"]

    asyncio.run(ask())
