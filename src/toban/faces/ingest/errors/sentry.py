"""Endpoints for Sentry's SDKs: `POST /api/PROJECT/envelope/`, and `/api/PROJECT/store/` of older ones.

The contract is that of https://develop.sentry.dev/sdk/overview/ and …/sdk/expected-features/rate-limiting/.
An event is durable before it is acknowledged; anything else in an envelope is accepted, counted and dropped.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping

import structlog
from django.db import DatabaseError, close_old_connections
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from toban.chapters.errors.bindings import ERRORS
from toban.chapters.errors.counters import ITEMS_TOTAL
from toban.chapters.errors.intake import intake
from toban.chapters.errors.intake.event import read_event
from toban.chapters.errors.intake.payload import LARGEST, BadEvent, event_id_of, read_payload
from toban.chapters.errors.rules import EventTally, admitted, pause
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.masks import Masker
from toban.faces.ingest import room
from toban.faces.ingest.errors.envelope import BadEnvelope, Envelope, EnvelopeItem, dsn_of, read_envelope
from toban.faces.ingest.errors.key import Projects, key_in, shown_key
from toban.faces.ingest.room import Busy, HeldRoom, IntakeRoom
from toban.faces.ingest.senders import TooLarge
from toban.faces.ingest.takers import by_a_reader, by_a_taker
from toban.faces.ingest.unpacking import first_line
from toban.faces.ingest.visitor import address_of

_OF_STRANGER = 8 * 1024
"""Bytes of a body that are read before its sender is known: an envelope's header with the DSN."""
_PACKED_OF_STRANGER = 256 * 1024
"""The same of a compressed body: zstd gives nothing before a whole block, of up to 128 KiB, is there."""
_OF_STRANGERS = 8 * 1024 * 1024
"""The same of all whose sender is not known yet."""
_LONGEST = 10
"""Digits of a project's number."""
_EVENT = "event"

CORS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-sentry-error, x-sentry-rate-limits, retry-after",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Any page may report its errors: a browser's requests show the key to everybody anyway."""
_PREFLIGHT: Mapping[str, str] = {
    **CORS,
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "x-sentry-auth, authorization, content-type, content-encoding, accept",
    "Access-Control-Max-Age": "3600",
}

log = structlog.get_logger(__name__)


class SentryRefusal(Exception):
    """The answer is a refusal; `status` and `headers` say which."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers or {}


class SentryIn:
    """Both endpoints."""

    def __init__(
        self,
        edition: Callable[[], Edition | None],
        masker: Callable[[Edition], Masker],
        clock: Clock,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """*elapsed* is a monotonic clock in seconds, used for the rate limits of this process."""
        self._edition = edition
        self._masker = masker
        self._projects = Projects(edition)
        self._clock = clock
        self._elapsed = elapsed
        self._room, self._strangers = IntakeRoom(), IntakeRoom(_OF_STRANGERS)
        self._tallies: dict[str, EventTally] = {}

    async def envelope(self, request: Request) -> Response:
        """Take an envelope.

        Answers 200 with the event's id, 400 if it is not an envelope, 401 for an unknown sender, 413 if it is
        too large, 429 with `Retry-After` and `X-Sentry-Rate-Limits` beyond the application's rate, 503 while
        the state database is away.
        """
        return await self._answer(request, _read_envelope)

    async def store(self, request: Request) -> Response:
        """Take one event without an envelope around it, as older SDKs send it; answers as above."""
        return await self._answer(request, _read_plain, is_named_inside=False)

    async def _answer(
        self, request: Request, read: Callable[[bytes], Envelope], *, is_named_inside: bool = True
    ) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=200, headers=_PREFLIGHT)
        body = request.stream()
        try:
            # Before the body is read: neither a stranger nor a flood may use up the room.
            project, begin = await self._sender(request, body if is_named_inside else None)
            self._refuse_flood(project)
            with self._room.held(project) as held:

                def unpacked(packed: bytes) -> Envelope:
                    return read(held.unpacked(packed, request.headers.get("content-encoding", "")))

                envelope = await by_a_reader(unpacked, await held.received(body, begin=begin))
                event_id = await by_a_taker(self._take, project, envelope)
        except Busy:
            return _refusal(SentryRefusal(429, "too much at once", {"Retry-After": "1"}))
        except TooLarge:
            return _refusal(SentryRefusal(413, f"more than {room.LARGEST} bytes, or {LARGEST} of an event"))
        except ValueError as flaw:
            return _refusal(SentryRefusal(400, str(flaw)))
        except SentryRefusal as refusal:
            return _refusal(refusal)
        return JSONResponse({"id": event_id} if event_id else {}, headers=CORS)

    async def _sender(self, request: Request, body: AsyncIterator[bytes] | None) -> tuple[str, bytes]:
        """Return the application that sends, and what was read of *body* to know it."""
        project, begin = _project(request), b""
        shown = shown_key(request.headers, request.query_params)
        if not shown and body is not None:
            with self._strangers.held(address_of(request)) as held:
                line, begin = await _header_of(body, request.headers.get("content-encoding", ""), held)
            shown = key_in(dsn_of(line), project)
        return await by_a_taker(self._known, project, shown), begin

    def _known(self, project: int, shown: str) -> str:
        name = self._projects.name_of(project, shown)
        if name is None:
            raise SentryRefusal(401, "a DSN of [errors.NAME] in toban.toml is needed")
        return name

    def _take(self, project: str, envelope: Envelope) -> str:
        """Store the event of *envelope* and count the rest; return the event's id."""
        close_old_connections()
        try:
            taken = envelope.event_id and event_id_of(envelope.event_id)
            for item in envelope.items:
                if item.kind == _EVENT:
                    taken = self._take_event(project, item.payload, envelope.event_id)
                else:
                    ITEMS_TOTAL.labels(project, item.kind, "ignored").inc()
            intake.heard(project, self._clock())
        except DatabaseError as error:
            log.warning("error_event_not_stored", project=project, reason=str(error))
            raise SentryRefusal(503, "the state database does not answer", {"Retry-After": "5"}) from error
        finally:
            close_old_connections()
        return taken

    def _take_event(self, project: str, payload: bytes, envelope_id: str) -> str:
        edition = self._edition()
        if edition is None:
            raise SentryRefusal(503, "no document is in force yet", {"Retry-After": "5"})
        self._admit(project, ERRORS.of(edition.bindings)[project].rate)
        try:
            written = read_payload(payload, self._masker(edition))
        except BadEvent as flaw:
            ITEMS_TOTAL.labels(project, _EVENT, "refused").inc()
            raise SentryRefusal(413 if len(payload) > LARGEST else 400, str(flaw)) from flaw
        if written.get("type") == "transaction":
            ITEMS_TOTAL.labels(project, "transaction", "ignored").inc()
            return event_id_of(written["event_id"])
        written["event_id"] = written["event_id"] or envelope_id
        now = self._clock()
        outcome, event_id = intake.take(project, read_event(written, now), now)
        ITEMS_TOTAL.labels(project, _EVENT, outcome.value).inc()
        return event_id

    def _refuse_flood(self, project: str) -> None:
        """Refuse what *project* sends beyond its rate, whatever it is: it isn't read."""
        edition = self._edition()
        if edition is not None:
            rate = ERRORS.of(edition.bindings)[project].rate
            _limit(project, rate, pause(self._tallies.get(project), rate, self._elapsed()))

    def _admit(self, project: str, rate: int) -> None:
        # A race between threads may let one more event through; the limit need not be exact.
        self._tallies[project], wait = admitted(self._tallies.get(project), rate, self._elapsed())
        _limit(project, rate, wait)


def _project(request: Request) -> int:
    """Return the project in the address; 0, which no project has, if it is not a number."""
    written = request.path_params["project"]
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= _LONGEST else 0


def _limit(project: str, rate: int, wait: int) -> None:
    if wait:
        ITEMS_TOTAL.labels(project, _EVENT, "limited").inc()
        limits = {"Retry-After": str(wait), "X-Sentry-Rate-Limits": f"{wait}:error:project:rate"}
        raise SentryRefusal(429, f"more than {rate} events in a minute", limits)


async def _header_of(body: AsyncIterator[bytes], encoding: str, held: HeldRoom) -> tuple[bytes, bytes]:
    """Return an envelope's header, and all that had to be read of *body* to see its end."""
    begin, enough = bytearray(), 0
    async for piece in body:
        begin += piece
        held.become(len(begin))
        is_too_much = len(begin) > _PACKED_OF_STRANGER
        # Not after each piece: what unpacks to nothing, sent byte by byte, would be unpacked as many times.
        if len(begin) >= enough or is_too_much:
            line = first_line(bytes(begin), encoding, _OF_STRANGER)
            if line is not None:
                return line, bytes(begin)
            enough = 2 * len(begin)
        if is_too_much:
            raise TooLarge
    whole = bytes(begin)
    line = first_line(whole, encoding, _OF_STRANGER)
    return whole if line is None else line, whole


def _read_envelope(content: bytes) -> Envelope:
    try:
        return read_envelope(content)
    except BadEnvelope as flaw:
        raise SentryRefusal(400, str(flaw)) from flaw


def _read_plain(content: bytes) -> Envelope:
    return Envelope("", "", (EnvelopeItem(_EVENT, content),))


def _refusal(refusal: SentryRefusal) -> Response:
    """Answer as Sentry does: a JSON detail, and the reason in a header for the SDK's own log."""
    reason = str(refusal)
    headers = {**CORS, **refusal.headers, "X-Sentry-Error": reason}
    return JSONResponse({"detail": reason}, refusal.status, headers=headers)
