"""Buttons pressed in Slack: the one under an alert acknowledges it.

Slack posts a form whose `payload` is JSON
(https://docs.slack.dev/reference/interaction-payloads/block_actions-payload) and expects an answer within
three seconds. Anyone who can see the message may press: the signature proves that Slack itself is asking.
"""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import orjson
import structlog
from django.db import DatabaseError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.notify import orders
from toban.engine.notify.channels.slack_app.config import SlackAppConfig
from toban.engine.notify.channels.slack_app.payload import TAKE
from toban.engine.notify.channels.slack_app.signature import is_signed
from toban.engine.orders import NotPossible
from toban.message import message_of

_LARGEST = 512 * 1024
_NUMBER = re.compile(r"[0-9]{1,18}")
"""Digits that fit into the databases' integers."""

log = structlog.get_logger(__name__)


class SlackActions:
    """The endpoint that the app's "interactivity" points to."""

    def __init__(self, edition: Callable[[], Edition | None], clock: Clock) -> None:
        self._edition = edition
        self._clock = clock

    async def answer(self, request: Request) -> Response:
        """Acknowledge the alert whose button was pressed; 401 for a request that Slack has not signed."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST:
                return PlainTextResponse("too large\n", 413)
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        now = self._clock()
        if not any(is_signed(body, timestamp, signature, each, now.timestamp()) for each in self._secrets()):
            return PlainTextResponse("not signed by Slack\n", 401)
        pressed = _pressed(body)
        if pressed is None:
            return PlainTextResponse("")
        announcement, by = pressed
        try:
            await asyncio.to_thread(orders.acknowledge_told, announcement, by=by, now=now)
        except NotPossible as refusal:
            log.info("slack_action_refused", announcement=announcement, by=by, reason=refusal.said.as_json())
        except DatabaseError as error:
            log.warning("slack_action_failed", reason=str(error))
            return PlainTextResponse("the state database does not answer\n", 503)
        return PlainTextResponse("")

    def _secrets(self) -> list[str]:
        edition = self._edition()
        channels = edition.bindings.channels.values() if edition is not None else ()
        found = []
        for bound in channels:
            if isinstance(bound.config, SlackAppConfig):
                try:
                    found.append(bound.config.signing_secret.reveal())
                except SecretUnavailable as missing:
                    log.warning("slack_action_unverifiable", reason=message_of(missing).as_json())
        return found


def _pressed(body: bytes) -> tuple[int, str] | None:
    """Return which announcement was acknowledged, and by whom; None for any other action."""
    try:
        payload = orjson.loads(parse_qs(body.decode())["payload"][0])
        user = payload["user"]
        action = payload["actions"][0]
        if action["action_id"] != TAKE or not _NUMBER.fullmatch(str(action["value"])):
            return None
        return int(action["value"]), f"slack:{user.get('username') or user['id']}"
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
