"""Any receiver of signed JSON."""

from toban.design.values.people import ChannelKind
from toban.engine.notify.channel import Transport
from toban.engine.notify.channels.webhook.channel import Webhook
from toban.engine.notify.channels.webhook.config import WebhookConfig


def _place(config: WebhookConfig) -> str:
    return config.channel


TRANSPORT = Transport(
    config=WebhookConfig,
    reaches=ChannelKind.WEBHOOK,
    build=Webhook,
    is_shared=True,
    gathers=False,
    posts_to=_place,
)
