"""Endpoints for pushed metrics: remote write, OTLP, Toban's agent. Acknowledged once they are durable."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import orjson
import structlog
from django.db import DatabaseError, DataError, close_old_connections
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.chapters.monitoring.pushing import agent as agents
from toban.chapters.monitoring.pushing import arrivals
from toban.chapters.monitoring.pushing.agent import BadReport, ReportTooLarge
from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.engine.clock import Clock
from toban.faces.ingest import otlp_wire
from toban.faces.ingest.monitoring import otlp, remote_write
from toban.faces.ingest.monitoring.remote_write import BadWrite
from toban.faces.ingest.otlp_wire import BadExport
from toban.faces.ingest.room import LARGEST_UNPACKED, Busy, HeldRoom, IntakeRoom
from toban.faces.ingest.senders import Senders, TooLarge, stranger
from toban.faces.ingest.takers import by_a_reader, by_a_taker
from toban.faces.ingest.unpacking import JSON_MARKS, MOST_VALUES, refuse_too_many

_LARGEST = 8 * 1024 * 1024
_RETRY = {"Retry-After": "5"}
_SOON = {"Retry-After": "1"}
_AHEAD = timedelta(minutes=5)
"""How far a sender's clock may run ahead of this server's."""

_LONG_AGO = timedelta(days=366)
"""No agent holds a reading this long: its host's clock does not keep time without power."""

log = structlog.get_logger(__name__)


class _PushClockAmiss(ValueError):
    """A measurement is in the future by this server's clock, or an agent's is too long ago to be right."""


class MetricsIn:
    """The endpoints."""

    def __init__(self, senders: Senders, clock: Clock) -> None:
        self._senders = senders
        self._clock = clock
        self._room = IntakeRoom()
        self._forgot_at: datetime | None = None

    async def remote_write(self, request: Request) -> Response:
        """`POST /api/v1/write`: 204 when stored, 400 if a retry can't help, 5xx if it may."""
        return await self._answer(
            request, lambda body: (remote_write.read_write(body), Response(status_code=204))
        )

    async def otlp(self, request: Request) -> Response:
        """`POST /v1/metrics`: protobuf or JSON, answered in kind."""
        encoding = otlp_wire.encoding_of(request)
        if encoding is None:
            return otlp_wire.unknown_encoding()

        def read(body: bytes) -> tuple[Sequence[PushedValues], Response]:
            reading = otlp.read_export(body, encoding)
            return reading.pushed, otlp_wire.answer(reading.response, encoding)

        return otlp_wire.as_status(await self._answer(request, read), encoding)

    async def agent(self, request: Request) -> Response:
        """`POST /ingest/metrics`: what `toban agent` sends; 409 if its time can't be right, see `Date`."""

        def read(body: bytes) -> tuple[Sequence[PushedValues], Response]:
            refuse_too_many(body, JSON_MARKS)
            found = agents.read_report(orjson.loads(body))
            _refuse_long_ago(found, self._clock())
            return found, Response(status_code=204)

        # With 400 the readings would be lost; after 409 the agent can date them again.
        return await self._answer(request, read, of_clock=409)

    async def _answer(
        self,
        request: Request,
        read: Callable[[bytes], tuple[Sequence[PushedValues], Response]],
        *,
        of_clock: int = 400,
    ) -> Response:
        sender = await self._senders.name_of(request, "metrics")
        if sender is None:
            return stranger()
        try:
            with self._room.held(sender) as held:
                body = await held.received(request.stream(), most=_LARGEST)
                found, response = await by_a_reader(lambda: read(_unpacked(held, body, request)))
            _refuse_the_future(found, self._clock())
        except Busy:
            return PlainTextResponse("too much at once\n", 429, headers=_SOON)
        except TooLarge:
            most = f"{_LARGEST} bytes, {LARGEST_UNPACKED} unpacked, or {MOST_VALUES} values"
            return PlainTextResponse(f"more than {most}: send smaller batches\n", 413)
        except ReportTooLarge as refusal:
            return PlainTextResponse(f"{refusal}\n", 413)
        except RecursionError:
            return PlainTextResponse("nested too deeply\n", 400)
        except _PushClockAmiss as refusal:
            log.info("metrics_refused", sender=sender, reason=str(refusal))
            return PlainTextResponse(f"{refusal}\n", of_clock)
        except (BadWrite, BadExport, BadReport, ValueError) as refusal:
            log.info("metrics_refused", sender=sender, reason=str(refusal)[:300])
            return PlainTextResponse(f"{refusal}\n", 400)
        try:
            await by_a_taker(self._keep, sender, found)
        except DataError as refusal:
            # Refused by PostgreSQL, for example for a NUL in a name. Asking for a retry would never end.
            log.warning("metrics_not_storable", sender=sender, reason=str(refusal))
            return PlainTextResponse("the state database can't hold these texts\n", 400)
        except DatabaseError as error:
            log.warning("metrics_not_kept", sender=sender, reason=str(error))
            return PlainTextResponse("the state database does not answer\n", 503, headers=_RETRY)
        return response

    def _keep(self, sender: str, found: Sequence[PushedValues]) -> None:
        now = self._clock()
        close_old_connections()
        try:
            arrivals.receive(sender, found, now)
            if self._forgot_at is None or now - self._forgot_at >= arrivals.KEPT:
                # Usually the worker has deleted them long ago.
                arrivals.forget(now - arrivals.LONGEST)
                self._forgot_at = now
        finally:
            close_old_connections()


def _unpacked(held: HeldRoom, body: bytes, request: Request) -> bytes:
    encoding = request.headers.get("content-encoding", "")
    # Remote write names its own format this way; its reader unpacks it.
    return body if encoding == "snappy" else held.unpacked(body, encoding)


def _refuse_the_future(found: Sequence[PushedValues], now: datetime) -> None:
    """Raise `_PushClockAmiss` if the sender's clock runs ahead: that would hide later readings."""
    newest = max((each.at for each in found), default=now)
    if newest > now + _AHEAD:
        raise _PushClockAmiss(f"{newest.isoformat()} is ahead of this server's clock ({now.isoformat()})")


def _refuse_long_ago(found: Sequence[PushedValues], now: datetime) -> None:
    """Raise `_PushClockAmiss` if a reading seems to have waited for a year."""
    oldest = min((each.at for each in found), default=now)
    if oldest < now - _LONG_AGO:
        raise _PushClockAmiss(f"{oldest.isoformat()} is long ago by this server's clock ({now.isoformat()})")
