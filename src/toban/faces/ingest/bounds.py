"""Limits around each application: how large and how slow a request may be, and what browsers may do."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 256 * 1024
"""Bytes of a request's body; Toban's largest form is an account's."""
_PLAIN = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


_PATIENCE = 10.0
"""Seconds that a body may take, whatever its length."""
_SLOWEST = 16 * 1024
"""Bytes for which it may take a second more."""


_LARGE_PIECE = 16 * 1024
"""Bytes that are worth a turn. Smaller pieces wait for nobody: many slow senders must not fill the queue."""


class _BodyTooLarge(Exception):
    """The body is longer than allowed."""


class BodyTooSlow(Exception):
    """The body did not arrive in its time."""


def in_time(app: ASGIApp) -> ASGIApp:
    """Return *app*, which is sent bodies that arrive in time; a slower one is answered with 408.

    Otherwise a few strangers that send one byte a minute would hold what all senders share.
    """

    async def hurried(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        try:
            await app(scope, _timed(receive), send)
        except BodyTooSlow:
            await too_slow()(scope, receive, send)

    return hurried


def in_turn(app: ASGIApp) -> ASGIApp:
    """Return *app*, which is sent one large piece of all bodies in each turn of the event loop.

    Otherwise a turn reads a piece of every body that is on its way, of up to 256 KiB each, and each step of a
    small request waits for that: a ping takes some five turns.
    """
    turns = asyncio.Lock()

    async def orderly(scope: Scope, receive: Receive, send: Send) -> None:
        must_wait = False

        async def in_order() -> Message:
            nonlocal must_wait
            if must_wait:
                async with turns:
                    await asyncio.sleep(0)
            message = await receive()
            must_wait = len(message.get("body", b"")) >= _LARGE_PIECE and message.get("more_body", False)
            return message

        await app(scope, in_order, send)

    return orderly


def too_slow() -> Response:
    """Return the answer to a body that did not arrive in time."""
    # Closed, because the rest of the body would be taken for the next request.
    return PlainTextResponse("the request was too slow\n", 408, headers={"Connection": "close"})


def _timed(receive: Receive) -> Receive:
    until, is_whole = asyncio.get_running_loop().time() + _PATIENCE, False

    async def timed() -> Message:
        nonlocal until, is_whole
        if is_whole:
            # What comes now is that the client leaves.
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError as exc:
            raise BodyTooSlow from exc
        until += len(message.get("body", b"")) / _SLOWEST
        is_whole = not message.get("more_body", False)
        return message

    return timed


def _too_large() -> Response:
    return PlainTextResponse("the request is too large", 413)


def taking_at_most(most: int, app: ASGIApp, too_large: Callable[[], Response] = _too_large) -> ASGIApp:
    """Return *app*, limited to *most* bytes of a request's body; a longer one is answered with 413.

    Django itself writes a body of any length to disk before it checks who sends it.
    """

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, _counted(receive, most), send)
        except _BodyTooLarge:
            # Closed, because the rest of the body would be taken for the next request.
            refusal = too_large()
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)

    return bounded


def _counted(receive: Receive, most: int) -> Callable[[], Awaitable[Message]]:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _BodyTooLarge
        return message

    return counted


def marked(app: ASGIApp) -> ASGIApp:
    """Return *app* with answers that browsers must not run: Django's middleware does not apply here."""

    async def marking(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_PLAIN)
            await send(message)

        await app(scope, receive, sending)

    return marking
