"""A webhook: a thin sender of signed JSON."""

import time
from collections.abc import Callable, Mapping
from functools import partial

from toban.engine.notify.channels.http import Poster, secret_parts
from toban.engine.notify.channels.webhook.config import WebhookConfig
from toban.engine.notify.channels.webhook.payload import change_payload, payload
from toban.engine.notify.channels.webhook.signature import UnfitKey, headers, key_of
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import ChangeNotice, Notice
from toban.message import message_of


class Webhook:
    """Posts to one receiver; *now* returns seconds since the epoch."""

    def __init__(self, config: WebhookConfig, now: Callable[[], float] = time.time) -> None:
        self._config = config
        self._now = now
        self._poster = Poster("Webhook", config, config.plain_hosts)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:  # noqa: ARG002 - the URL is the address
        """Post *notice* and return the receiver's status; every 2xx means that it was accepted."""
        return self._post(notice.key, payload(notice))

    def send_change(self, change: ChangeNotice) -> str:
        """Post *change* and return the receiver's status."""
        return self._post(change.key, change_payload(change))

    def _post(self, key: str, event: Mapping[str, object]) -> str:
        url, secret = self._config.url.reveal(), self._config.secret.reveal()
        try:
            sign = partial(headers, key, int(self._now()), key_of(secret))
        except UnfitKey as unfit:
            raise Undelivered(message_of(unfit), retry=False) from None
        reply = self._poster.post(url, event, sign)
        if not 200 <= reply.status < 300:
            raise self._poster.refuse(reply, *secret_parts(url), secret)
        return str(reply.status)
