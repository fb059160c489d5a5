"""Who sends: known by a token of `[senders.NAME]`, as a bearer or the password of HTTP Basic (RFC 7617)."""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.editions.edition import Edition
from toban.message import message_of

log = structlog.get_logger(__name__)


class TooLarge(Exception):
    """The body is longer than allowed."""


class Senders:
    """The senders of the edition in force."""

    def __init__(self, edition: Callable[[], Edition | None]) -> None:
        self._edition = edition

    async def name_of(self, request: Request, what: str) -> str | None:
        """Return the sender of *request* if it may send *what*; None for an unknown sender."""
        shown = _token(request.headers.get("authorization", ""))
        return await asyncio.to_thread(self._known, shown, what) if shown else None

    def _known(self, shown: str, what: str) -> str | None:
        edition = self._edition()
        if edition is None:
            return None
        found = None
        for name, sender in edition.bindings.senders.items():
            if sender.token is None:
                continue
            try:
                token = sender.token.reveal()
            except SecretUnavailable as missing:
                log.warning("sender_unverifiable", sender=name, reason=message_of(missing).as_json())
                continue
            # All tokens are compared, even after a match: the time taken reveals nothing.
            is_same = secrets.compare_digest(shown.encode(), token.encode())
            if is_same and what in sender.may:
                found = name
        return found


def stranger() -> Response:
    """Return the answer to a request without a token that may send this."""
    return PlainTextResponse(
        "a token of [senders.NAME] in toban.toml that may send this is needed\n",
        401,
        headers={"WWW-Authenticate": "Bearer"},
    )


async def body_of(request: Request, most: int) -> bytes:
    """Return the body, or raise `TooLarge` as soon as it is too large."""
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise TooLarge
    return b"".join(pieces)


def _token(written: str) -> str:
    scheme, _, rest = written.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
