"""GitHub's webhooks: `POST /hooks/github/SERVICE` has the repository looked at now instead of soon."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import structlog
from django.db import DatabaseError, close_old_connections
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.chapters.release.source import RELEASES
from toban.chapters.release.sources.github.config import GitHubSourceConfig
from toban.chapters.release.sources.github.webhook import (
    UnreadableDelivery,
    WebhookNews,
    is_signed,
    looks_signed,
    news,
    payload_of,
)
from toban.chapters.release.tracking.looking import want_look
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.faces.ingest.room import Busy, IntakeRoom
from toban.faces.ingest.senders import TooLarge
from toban.faces.ingest.takers import by_a_reader
from toban.faces.ingest.visitor import address_of
from toban.message import message_of

LARGEST = 25 * 1024 * 1024
"""Bytes: GitHub sends nothing that is larger."""
_REMEMBERED = 1000
"""Deliveries that are known again."""

log = structlog.get_logger(__name__)


class GitHubHooks:
    """The webhooks of all services that are on GitHub."""

    def __init__(
        self,
        edition: Callable[[], Edition | None],
        clock: Clock,
        want: Callable[[str, datetime], None] = want_look,
    ) -> None:
        """*want* has the source of a service looked at."""
        self._edition = edition
        self._clock = clock
        self._want = want
        self._room = IntakeRoom()
        self._taken: OrderedDict[str, None] = OrderedDict()

    async def answer(self, request: Request) -> Response:
        """Take a delivery: 401 for what GitHub has not signed, 202 for what is taken or means nothing."""
        service = request.path_params["service"]
        signature = request.headers.get("x-hub-signature-256", "")
        bound, secret = await asyncio.to_thread(self._bound, service)
        if bound is None or not looks_signed(signature):
            return _unsigned()
        try:
            # Who sends it is known once the whole body is there: strangers must not take GitHub's room.
            with self._room.held(address_of(request)) as room:
                body = await room.received(request.stream(), most=LARGEST)
                if not await by_a_reader(is_signed, body, signature, secret):
                    log.warning("webhook_not_signed", service=service)
                    return _unsigned()
                payload = await by_a_reader(payload_of, body, request.headers.get("content-type", ""))
        except TooLarge:
            return _plain("too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, close=True)
        except Busy:
            return _plain("too much at once", HTTPStatus.SERVICE_UNAVAILABLE, close=True)
        except UnreadableDelivery:
            return _plain("not a delivery of GitHub", HTTPStatus.BAD_REQUEST)
        found = news(request.headers.get("x-github-event", ""), payload, bound.repository)
        if found is WebhookNews.PING:
            return _plain("pong", HTTPStatus.OK)
        if found is WebhookNews.IGNORED or signature in self._taken:
            return _plain("nothing new", HTTPStatus.ACCEPTED)
        return await asyncio.to_thread(self._take, service, signature)

    def _bound(self, service: str) -> tuple[GitHubSourceConfig | None, str]:
        """Return the repository of *service* and the secret of its webhook; None if it has none."""
        edition = self._edition()
        bound = RELEASES.of(edition.bindings).get(service) if edition is not None else None
        if bound is None or not isinstance(bound.config, GitHubSourceConfig):
            return None, ""
        try:
            secret = bound.config.webhook_secret.reveal() if bound.config.webhook_secret is not None else ""
        except SecretUnavailable as missing:
            log.warning("webhook_unverifiable", service=service, reason=message_of(missing).as_json())
            secret = ""
        return (bound.config, secret) if secret else (None, "")

    def _take(self, service: str, signature: str) -> Response:
        close_old_connections()
        try:
            self._want(service, self._clock())
        except DatabaseError as error:
            log.warning("webhook_not_kept", service=service, reason=str(error))
            return _plain("the state database does not answer", HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            close_old_connections()
        # By what is signed: the delivery's number is not.
        self._taken[signature] = None
        while len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        return _plain("it is looked at", HTTPStatus.ACCEPTED)


def _unsigned() -> Response:
    # The same for a service that is not there. Closed, because the body was not read.
    return _plain("not signed by GitHub", HTTPStatus.UNAUTHORIZED, close=True)


def _plain(text: str, status: HTTPStatus, *, close: bool = False) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers={"Connection": "close"} if close else None)
