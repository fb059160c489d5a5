"""Orders from Slack: buttons, message shortcuts and slash commands.

The signature proves that Slack itself is asking, and who it is that asks. Anyone who can see an alert may
acknowledge it; everything else is done in the name of the account that `[people]` binds to the member. Slack
waits three seconds for the answer to a command; what takes longer, and what a button has done, is told by the
request's own `response_url` (https://docs.slack.dev/interactivity/handling-user-interaction).

A request that comes again, from Slack or from somebody who has recorded it, is answered with 200 and nothing
else: each press of a button has a `trigger_id` of its own, and so a signature of its own.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.notify import orders
from toban.engine.notify.channels.http import Poster
from toban.engine.notify.channels.slack_app.config import SlackAppConfig
from toban.engine.notify.channels.slack_app.interaction import (
    Acknowledged,
    SlackOrder,
    answer,
    command,
    interaction,
    is_of_team,
    may_answer,
)
from toban.engine.notify.channels.slack_app.signature import is_signed
from toban.engine.notify.chat.ordering import carried_out, language_of
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.orders import NotPossible
from toban.engine.registry.ports import Ports
from toban.engine.tokens import signed_once
from toban.faces.ingest.room import Busy, IntakeRoom
from toban.faces.ingest.senders import TooLarge
from toban.faces.ingest.visitor import address_of
from toban.message import Message, message_of, sentences

_LARGEST = 512 * 1024
_AT_ONCE = 16 * _LARGEST
"""Bytes that may wait for the rest of their body: who sends it is known by the whole."""
_PATIENCE = 2.0
"""Seconds of Slack's three within which a command is answered at once."""
_MOST_WAITING = 50
"""Orders that are being carried out."""
_OK = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A request that Slack has signed, for one of the bound apps."""

    body: bytes
    signature: str
    config: SlackAppConfig
    edition: Edition
    now: datetime


class SlackRequests:
    """The endpoints that the app's "interactivity" and its slash command point to."""

    def __init__(self, edition: Callable[[], Edition | None], clock: Clock, ports: Ports) -> None:
        self._edition = edition
        self._clock = clock
        self._ports = ports
        self._running = set[asyncio.Task[Any]]()
        self._room = IntakeRoom(_AT_ONCE)

    async def act(self, request: Request) -> Response:
        """Do what a pressed button or a message shortcut orders; 401 for what Slack has not signed."""
        signed = await self._signed(request)
        if isinstance(signed, Response):
            return signed
        match interaction(signed.body):
            case Acknowledged() as pressed:
                return await _acknowledge(pressed, signed)
            case SlackOrder() as order if self._is_busy:
                return PlainTextResponse(self._said(Message("chat.busy"), order, signed), 503)
            case SlackOrder() as order:
                self._begin(self._told(self._begin(self._carried_out(order, signed)), order, signed))
        return PlainTextResponse("")

    async def command(self, request: Request) -> Response:
        """Do what a slash command orders, and say so; 401 for what Slack has not signed."""
        signed = await self._signed(request)
        if isinstance(signed, Response):
            return signed
        order = command(signed.body)
        if order is None:
            return PlainTextResponse("no command\n", 400)
        if self._is_busy:
            return JSONResponse(answer(self._said(Message("chat.busy"), order, signed)))
        doing = self._begin(self._carried_out(order, signed))
        done, _ = await asyncio.wait({doing}, timeout=_PATIENCE)
        if done:
            said = doing.result()
            return PlainTextResponse("") if said is None else JSONResponse(answer(said))
        self._begin(self._told(doing, order, signed))
        return JSONResponse(answer(self._said(Message("chat.under-way"), order, signed)))

    async def _signed(self, request: Request) -> _Signed | Response:
        """Return the request if Slack has signed it, else the refusal."""
        try:
            with self._room.held(address_of(request)) as room:
                body = await room.received(request.stream(), most=_LARGEST)
        except TooLarge:
            return _cut_off("too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except Busy:
            return _cut_off("too much at once", HTTPStatus.SERVICE_UNAVAILABLE)
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        edition, now = self._edition(), self._clock()
        for config, secret in _apps(edition):
            if edition is not None and is_signed(body, timestamp, signature, secret, now.timestamp()):
                if config.team and not is_of_team(body, config.team):
                    log.warning("slack_request_of_another_team", channel=config.channel)
                    return PlainTextResponse("of another workspace\n", HTTPStatus.FORBIDDEN)
                return _Signed(body, signature, config, edition, now)
        return PlainTextResponse("not signed by Slack\n", 401)

    @property
    def _is_busy(self) -> bool:
        return len(self._running) >= _MOST_WAITING

    def _begin[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _carried_out(self, order: SlackOrder, signed: _Signed) -> str | None:
        """Return what is to be told about *order*, which is then carried out or refused: once."""
        outcome = await asyncio.to_thread(_outcome, order, signed, self._ports)
        return None if outcome is None else self._said(outcome, order, signed)

    async def _told(self, doing: asyncio.Task[str | None], order: SlackOrder, signed: _Signed) -> None:
        """Post the outcome where Slack wants it."""
        said = await doing
        if said is None:
            return
        if not may_answer(order.answer_to, signed.config.url):
            log.warning("slack_answer_not_sent", member=order.asked.member, reason="not an address of Slack")
            return
        try:
            poster = Poster("Slack", signed.config)
            reply = await asyncio.to_thread(poster.post, order.answer_to, answer(said))
        except Undelivered as error:
            log.warning("slack_answer_not_sent", reason=message_of(error).as_json())
            return
        if reply.status != _OK:
            log.warning("slack_answer_not_sent", reason=f"Slack answered {reply.status}")

    def _said(self, said: Message, order: SlackOrder, signed: _Signed) -> str:
        return said.in_language(language_of(order.asked.member, signed.edition))


def _outcome(order: SlackOrder, signed: _Signed, ports: Ports) -> Message | None:
    close_old_connections()
    try:
        act = partial(carried_out, order.asked, ports, signed.edition, signed.now)
        return signed_once.carried_out(signed.signature, act, signed.now)
    except signed_once.OrderedBefore:
        log.warning("slack_request_repeated", member=order.asked.member, act=order.asked.act[:50])
        return None
    except NotPossible as refusal:
        log.info("slack_order_refused", member=order.asked.member, reason=refusal.said.as_json())
        return sentences(refusal.said, refusal.hint)
    except DatabaseError as error:
        log.warning("slack_order_failed", reason=str(error))
        return Message("chat.no-state")
    finally:
        close_old_connections()


def _cut_off(text: str, status: HTTPStatus) -> Response:
    # Closed, because the rest of the body would be taken for the next request.
    return PlainTextResponse(f"{text}\n", status, headers={"Connection": "close"})


async def _acknowledge(pressed: Acknowledged, signed: _Signed) -> Response:
    number, by = pressed.announcement, pressed.by
    try:
        await asyncio.to_thread(_acknowledged, pressed, signed)
    except signed_once.OrderedBefore:
        log.warning("slack_request_repeated", member=by, act="acknowledge")
    except NotPossible as refusal:
        log.info("slack_action_refused", announcement=number, by=by, reason=refusal.said.as_json())
    except DatabaseError as error:
        log.warning("slack_action_failed", reason=str(error))
        return PlainTextResponse("the state database does not answer\n", 503)
    return PlainTextResponse("")


def _acknowledged(pressed: Acknowledged, signed: _Signed) -> None:
    close_old_connections()
    try:
        act = partial(orders.acknowledge_told, pressed.announcement, by=pressed.by, now=signed.now)
        signed_once.carried_out(signed.signature, act, signed.now)
    finally:
        close_old_connections()


def _apps(edition: Edition | None) -> Sequence[tuple[SlackAppConfig, str]]:
    """Return the bound apps, each with the secret by which Slack signs for it."""
    found = []
    for bound in edition.bindings.channels.values() if edition is not None else ():
        if isinstance(bound.config, SlackAppConfig):
            try:
                found.append((bound.config, bound.config.signing_secret.reveal()))
            except SecretUnavailable as missing:
                log.warning("slack_action_unverifiable", reason=message_of(missing).as_json())
    return found
