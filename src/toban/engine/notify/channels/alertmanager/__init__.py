"""Receivers that understand Alertmanager's webhook."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.alertmanager.channel import Alertmanager
from toban.engine.notify.channels.alertmanager.config import AlertmanagerConfig
from toban.engine.notify.channels.http import receiver_doubts
from toban.engine.notify.delivery.channel import Transport
from toban.message import Message


def _place(config: AlertmanagerConfig) -> str:
    return config.channel


def _doubts(config: AlertmanagerConfig) -> Iterable[Message]:
    return receiver_doubts("Alertmanager", config)


TRANSPORT = Transport(
    config=AlertmanagerConfig,
    reaches=ChannelKind.WEBHOOK,
    build=Alertmanager,
    is_shared=True,
    gathers=False,
    per_turn=50,
    posts_to=_place,
    doubts=_doubts,
)
