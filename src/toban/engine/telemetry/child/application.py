"""The ASGI application: for each request, it runs one statement on a thread and sends one answer."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import structlog

from toban.engine.telemetry.child import request as requests
from toban.engine.telemetry.child import statement as statements
from toban.engine.telemetry.child.answer import AnswerAbandoned, AnswerEnd, StreamedAnswer
from toban.engine.telemetry.child.engine import AnswerHead, StoreEngine
from toban.engine.telemetry.child.refusal import TOO_LARGE, UNKNOWN, RequestRefusal

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

_BODY_LIMIT = 64 * 1024**2
"""An insert waits in memory until it is complete; senders cut their rows into smaller batches than this."""
_INTERRUPT_AGAIN = 0.5
_INSERTS = 4
"""Number of simultaneous inserts for each other statement."""


class _Disconnected(Exception):
    """The client went away before its request was complete."""


class Application:
    """Serves *engine* over the ClickHouse HTTP protocol to clients that know *secret*."""

    def __init__(self, engine: StoreEngine, *, secret: str, threads: int) -> None:
        self._engine = engine
        self._secret = secret
        self._timezone = engine.timezone()
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="store")
        # Most of them wait for the one that writes the rows of all.
        self._inserters = ThreadPoolExecutor(threads * _INSERTS, thread_name_prefix="insert")
        # A separate thread: it must be possible to stop a query when every worker is busy.
        self._interrupter = ThreadPoolExecutor(1, thread_name_prefix="interrupt")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"] == "/ping":
            await _reply(send, 200, b"Ok.\n")
            return
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            requests.authenticate(headers, self._secret)
            request = requests.parse(scope["query_string"], headers, await _body(receive))
            statement = statements.read(request.text, request.rows)
        except RequestRefusal as refused:
            await _refuse(send, refused)
            return
        except _Disconnected:
            return
        answer = StreamedAnswer()
        workers = self._inserters if isinstance(statement, statements.Insert) else self._workers
        work = asyncio.get_running_loop().run_in_executor(workers, self._run, request, statement, answer)
        if not await self._send(answer, receive, send) and isinstance(statement, str):
            await self._interrupt(answer, work)

    def _run(
        self,
        request: requests.Request,
        statement: statements.Insert | str,
        answer: StreamedAnswer,
    ) -> None:
        """Run a statement on a worker thread; its answer ends with an `AnswerEnd` or a `RequestRefusal`."""
        with suppress(AnswerAbandoned):
            try:
                self._engine.run(
                    statement,
                    parameters=request.parameters,
                    settings=request.settings,
                    default_format=request.default_format,
                    sink=answer,
                )
                answer.put(AnswerEnd())
            except RequestRefusal as refused:
                answer.put(refused)
            except AnswerAbandoned:
                raise
            except Exception as exc:
                # The thread's boundary: without an answer the client would wait for ever.
                log.exception("statement_failed")
                answer.put(RequestRefusal(UNKNOWN, str(exc)))

    async def _send(self, answer: StreamedAnswer, receive: Receive, send: Send) -> bool:
        """Send the parts as they come; return False if the client went away before the end.

        An insert of such a client continues: all its rows have arrived.
        """
        gone = asyncio.ensure_future(_until_disconnected(receive))
        tag = secrets.token_hex(8)
        head_sent = False
        try:
            while True:
                part = asyncio.ensure_future(answer.take())
                await asyncio.wait({part, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not part.done():
                    part.cancel()
                    answer.abandon()
                    return False
                match part.result():
                    case AnswerHead() as head:
                        await _start(send, 200, self._headers(head, tag))
                        head_sent = True
                    case bytes() as content:
                        await _continue(send, content)
                    case RequestRefusal() as refused if head_sent:
                        await _end(send, _late_error(refused, tag))
                        return True
                    case RequestRefusal() as refused:
                        await _refuse(send, refused)
                        return True
                    case AnswerEnd():
                        await _end(send, b"")
                        return True
        finally:
            gone.cancel()

    async def _interrupt(self, answer: StreamedAnswer, work: asyncio.Future[None]) -> None:
        """Stop the query of a client that has gone."""
        loop = asyncio.get_running_loop()
        while not work.done():
            await loop.run_in_executor(self._interrupter, self._engine.interrupt, answer)
            # Repeated in case the kill came between two statements of the same work.
            await asyncio.wait({work}, timeout=_INTERRUPT_AGAIN)

    def _headers(self, head: AnswerHead, tag: str) -> list[Header]:
        headers = [
            (b"x-clickhouse-summary", json.dumps(dict(head.summary)).encode()),
            (b"x-clickhouse-timezone", self._timezone.encode()),
            (b"x-clickhouse-exception-tag", tag.encode()),
        ]
        return [*headers, (b"x-clickhouse-format", head.format.encode())] if head.format else headers


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _BODY_LIMIT:
            raise RequestRefusal(
                TOO_LARGE, f"a request holds at most {_BODY_LIMIT} bytes. HINT: send smaller batches"
            )
        if not message.get("more_body"):
            return b"".join(parts)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _late_error(refused: RequestRefusal, tag: str) -> bytes:
    """Return an error that follows the head, framed so that clients find it (ClickHouse's exception tag)."""
    text = refused.text.encode()
    mark = tag.encode()
    return b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (mark, text, len(text) + 1, mark)


async def _refuse(send: Send, refused: RequestRefusal) -> None:
    code = str(refused.code).encode()
    await _reply(send, refused.status, refused.text.encode(), [(b"x-clickhouse-exception-code", code)])


async def _reply(send: Send, status: int, body: bytes, headers: list[Header] | None = None) -> None:
    await _start(send, status, [(b"content-length", str(len(body)).encode()), *(headers or [])])
    await _end(send, body)


async def _start(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _continue(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})


async def _end(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content})
