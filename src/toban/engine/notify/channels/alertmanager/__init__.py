"""Receivers that understand Alertmanager's webhook."""

from toban.design.values.people import ChannelKind
from toban.engine.notify.channel import Transport
from toban.engine.notify.channels.alertmanager.channel import Alertmanager
from toban.engine.notify.channels.alertmanager.config import AlertmanagerConfig


def _place(config: AlertmanagerConfig) -> str:
    return config.channel


TRANSPORT = Transport(
    config=AlertmanagerConfig,
    reaches=ChannelKind.WEBHOOK,
    build=Alertmanager,
    is_shared=True,
    gathers=False,
    posts_to=_place,
)
