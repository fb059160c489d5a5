"""PagerDuty's Events API v2: a thin sender."""

import json

from toban.engine.notify.channels.http import Poster
from toban.engine.notify.channels.pagerduty.config import PagerDutyConfig
from toban.engine.notify.channels.pagerduty.payload import payload
from toban.engine.notify.delivery.notice import Notice

_ACCEPTED = 202


class PagerDuty:
    """Opens and resolves incidents of the service that the routing key belongs to."""

    def __init__(self, config: PagerDutyConfig) -> None:
        self._config = config
        self._poster = Poster("PagerDuty", config)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:  # noqa: ARG002 - the routing key is the address
        """Send *notice* and return the `dedup_key` that PagerDuty confirmed."""
        routing_key = self._config.routing_key.reveal()
        reply = self._poster.post(self._config.url, payload(notice, routing_key))
        if reply.status != _ACCEPTED:
            raise self._poster.refuse(reply, routing_key)
        return _confirmed(reply.text) or notice.alert_key


def _confirmed(text: str) -> str:
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    return str(answer.get("dedup_key", "")) if isinstance(answer, dict) else ""
