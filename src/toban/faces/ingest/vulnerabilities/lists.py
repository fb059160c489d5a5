"""The endpoint for lists of packages. Acknowledged once they are durable."""

import re

import structlog
from django.db import DatabaseError, DataError, close_old_connections
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.chapters.vulnerabilities.inventories import arrivals
from toban.chapters.vulnerabilities.inventories.reading.pushed import read_pushed
from toban.chapters.vulnerabilities.package import Inventory
from toban.engine.clock import Clock
from toban.faces.ingest.room import LARGEST, LARGEST_UNPACKED, Busy, HeldRoom, IntakeRoom
from toban.faces.ingest.senders import Senders, TooLarge, stranger
from toban.faces.ingest.takers import by_a_reader, by_a_taker

_NAME = re.compile(r"[^\s/\x00-\x1f\x7f]{1,200}")
_RETRY = {"Retry-After": "5"}
_SOON = {"Retry-After": "1"}

log = structlog.get_logger(__name__)


class ListsIn:
    """The endpoint."""

    def __init__(self, senders: Senders, clock: Clock) -> None:
        self._senders = senders
        self._clock = clock
        self._room = IntakeRoom()

    async def take(self, request: Request) -> Response:
        """`POST /ingest/inventory/{name}`: 204 when stored, 400 if a retry can't help, 5xx if it may."""
        sender = await self._senders.name_of(request, "inventory")
        if sender is None:
            return stranger()
        name = request.path_params["name"]
        if not _NAME.fullmatch(name):
            return PlainTextResponse("a name has no blanks, and at most 200 characters\n", 400)
        try:
            with self._room.held(sender) as held:
                body = await held.received(request.stream())
                encoding = request.headers.get("content-encoding", "")
                found = await by_a_reader(_read, held, body, encoding)
        except Busy:
            return PlainTextResponse("too much at once\n", 429, headers=_SOON)
        except TooLarge:
            return PlainTextResponse(f"more than {LARGEST} bytes, or {LARGEST_UNPACKED} unpacked\n", 413)
        except (ValueError, RecursionError) as refusal:
            log.info("inventory_refused", sender=sender, name=name, reason=str(refusal)[:300])
            return PlainTextResponse(f"{refusal}\n", 400)
        try:
            await by_a_taker(self._keep, sender, name, found)
        except DataError as refusal:
            # Refused by PostgreSQL, for example for a NUL in a name. Asking for a retry would never end.
            log.warning("inventory_not_storable", sender=sender, reason=str(refusal))
            return PlainTextResponse("the state database can't hold these texts\n", 400)
        except DatabaseError as error:
            log.warning("inventory_not_kept", sender=sender, reason=str(error))
            return PlainTextResponse("the state database does not answer\n", 503, headers=_RETRY)
        return Response(status_code=204)

    def _keep(self, sender: str, name: str, found: Inventory) -> None:
        close_old_connections()
        try:
            arrivals.receive(sender, name, found, self._clock())
        finally:
            close_old_connections()


def _read(held: HeldRoom, body: bytes, encoding: str) -> Inventory:
    return read_pushed(held.unpacked(body, encoding))
