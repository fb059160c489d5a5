"""Slack by an incoming webhook."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.http import url_doubts
from toban.engine.notify.channels.slack.channel import Slack
from toban.engine.notify.channels.slack.config import SlackConfig
from toban.engine.notify.delivery.channel import Transport
from toban.message import Message


def _place(config: SlackConfig) -> str:
    return config.channel


def _doubts(config: SlackConfig) -> Iterable[Message]:
    return url_doubts("Slack", config, config.webhook.reveal())


TRANSPORT = Transport(
    config=SlackConfig,
    reaches=ChannelKind.SLACK,
    build=Slack,
    is_shared=True,
    per_turn=1,
    posts_to=_place,
    doubts=_doubts,
)
