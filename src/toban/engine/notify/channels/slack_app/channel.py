"""Slack's Web API: a thin sender (https://docs.slack.dev/reference/methods/chat.postMessage)."""

import json
from collections.abc import Mapping

from toban.engine.notify.channels.http import Poster
from toban.engine.notify.channels.slack_app.config import SlackAppConfig
from toban.engine.notify.channels.slack_app.payload import payload
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice
from toban.message import Message

_OK = 200
_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
"""Errors of the method that mean "later", not "never"."""


class SlackApp:
    """Posts to one Slack channel as a bot."""

    def __init__(self, config: SlackAppConfig) -> None:
        self._config = config
        self._poster = Poster("Slack", config)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        """Post *notice*, in its alert's thread if there is one; the receipt is the message's `ts`."""
        token = self._config.token.reveal()

        def bearer(_body: bytes) -> Mapping[str, str]:
            return {"authorization": f"Bearer {token}"}

        reply = self._poster.post(self._config.url, payload(notice, addresses, self._config.channel), bearer)
        if reply.status != _OK:
            raise self._poster.refuse(reply, token)
        return _receipt(reply.text, token)


def _receipt(text: str, token: str) -> str:
    """Return the message's `ts`: Slack also answers 200 when it refuses, and gives the reason in the body."""
    try:
        answer = json.loads(text)
    except ValueError:
        # Only the beginning of a long reply was read; it contains all that is needed.
        if '"ok":true' not in text.replace(" ", ""):
            raise Undelivered(Message("notify.not-slack"), retry=True) from None
        answer = {"ok": True, "ts": _between(text, '"ts":"')}
    if not isinstance(answer, dict) or not answer.get("ok"):
        why = str(answer.get("error", "")) if isinstance(answer, dict) else ""
        said = Message("notify.said", channel="Slack", words=why.replace(token, "…")[:200])
        raise Undelivered(said, retry=why in _PASSING)
    return str(answer.get("ts") or "ok")


def _between(text: str, before: str) -> str:
    return text.replace('": "', '":"').partition(before)[2].partition('"')[0]
