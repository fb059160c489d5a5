"""Limits around each application: how large a request may be, and what answers allow browsers to do."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 256 * 1024
"""Bytes of a request's body; Toban's largest form is an account's."""
_PLAIN = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class _BodyTooLarge(Exception):
    """The body is longer than allowed."""


def taking_at_most(most: int, app: ASGIApp) -> ASGIApp:
    """Return *app*, limited to *most* bytes of a request's body; a longer one is answered with 413.

    Django itself writes a body of any length to disk before it checks who sends it.
    """

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, _counted(receive, most), send)
        except _BodyTooLarge:
            # Closed, because the rest of the body would be taken for the next request.
            refusal = PlainTextResponse("the request is too large", 413, headers={"Connection": "close"})
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
