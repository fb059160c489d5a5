"""Any receiver of signed JSON."""

from collections.abc import Collection, Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.http import receiver_doubts
from toban.engine.notify.channels.webhook.channel import Webhook
from toban.engine.notify.channels.webhook.config import WebhookConfig
from toban.engine.notify.delivery.channel import Transport
from toban.message import Message


def _place(config: WebhookConfig) -> str:
    return config.channel


def _changes(config: WebhookConfig) -> Collection[str]:
    return config.changes


def _doubts(config: WebhookConfig) -> Iterable[Message]:
    return receiver_doubts("Webhook", config)


TRANSPORT = Transport(
    config=WebhookConfig,
    reaches=ChannelKind.WEBHOOK,
    build=Webhook,
    is_shared=True,
    gathers=False,
    per_turn=50,
    posts_to=_place,
    changes=_changes,
    doubts=_doubts,
)
