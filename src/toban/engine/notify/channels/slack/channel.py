"""Slack's incoming webhook: a thin sender (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from toban.engine.notify.channels.http import Poster, secret_parts
from toban.engine.notify.channels.slack.config import SlackConfig
from toban.engine.notify.channels.slack.payload import payload
from toban.engine.notify.delivery.notice import Notice

_OK = 200


class Slack:
    """Posts to the one Slack channel that the webhook belongs to."""

    def __init__(self, config: SlackConfig) -> None:
        self._config = config
        self._poster = Poster("Slack", config)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        """Post *notice*, mentioning the members in *addresses*. Slack's receipt is the word `ok`.

        A reply of 200 without it comes from something other than Slack, such as a company's proxy.
        """
        url = self._config.webhook.reveal()
        reply = self._poster.post(url, payload(notice, addresses))
        if reply.status != _OK or reply.text.strip() != "ok":
            raise self._poster.refuse(reply, *secret_parts(url))
        return "ok"
