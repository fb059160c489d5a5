"""`POST /api/v2/alerts`: Toban acts as an Alertmanager for Prometheus and Grafana."""

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import DatabaseError, close_old_connections
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.notify import inwards
from toban.engine.notify.inwards import BadAlerts, IncomingAlert
from toban.engine.notify.routing.places import places_of
from toban.faces.ingest.senders import Senders, TooLarge, body_of, stranger
from toban.faces.ingest.takers import by_a_reader, by_a_taker
from toban.faces.ingest.unpacking import JSON_MARKS, refuse_too_many

_LARGEST = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


class AlertsIn:
    """The endpoint."""

    def __init__(self, senders: Senders, edition: Callable[[], Edition | None], clock: Clock) -> None:
        self._senders = senders
        self._edition = edition
        self._clock = clock

    async def answer(self, request: Request) -> Response:
        """Take alerts; they are acknowledged to the sender once they are in the state database."""
        sender = await self._senders.name_of(request, "alerts")
        if sender is None:
            return stranger()
        edition = self._edition()
        if edition is None:
            return JSONResponse("no document is in force yet", 503, headers={"Retry-After": "5"})
        try:
            body = await body_of(request, _LARGEST)
            outsiders = await by_a_reader(_read, body, self._clock())
        except TooLarge:
            return JSONResponse(f"more than {_LARGEST} bytes", 413)
        except BadAlerts as refusal:
            return JSONResponse(str(refusal), 400)
        try:
            await by_a_taker(self._take, outsiders, edition, sender)
        except DatabaseError as error:
            log.warning("alerts_not_taken", sender=sender, reason=str(error))
            return JSONResponse("the state database does not answer", 503, headers={"Retry-After": "5"})
        return Response(status_code=200)

    def _take(self, outsiders: tuple[IncomingAlert, ...], edition: Edition, sender: str) -> None:
        close_old_connections()
        try:
            places = places_of(edition.design, edition.bindings)
            taken = inwards.take(outsiders, edition.design, sender, self._clock(), places)
        finally:
            close_old_connections()
        if taken < len(outsiders):
            log.warning("alerts_without_matrix", sender=sender, count=len(outsiders) - taken)


def _read(body: bytes, now: datetime) -> tuple[IncomingAlert, ...]:
    refuse_too_many(body, JSON_MARKS)
    return inwards.read_alerts(body, now)
