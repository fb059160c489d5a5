"""Slack through the operator's own app: a thread for each alert, and a button to acknowledge it."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.http import url_doubts
from toban.engine.notify.channels.slack_app.channel import SlackApp
from toban.engine.notify.channels.slack_app.config import SlackAppConfig
from toban.engine.notify.delivery.channel import Transport
from toban.message import Message


def _place(config: SlackAppConfig) -> str:
    return config.channel if config.channel.startswith("#") else ""


def _doubts(config: SlackAppConfig) -> Iterable[Message]:
    config.token.reveal()
    config.signing_secret.reveal()
    return url_doubts("Slack", config, config.url)


TRANSPORT = Transport(
    config=SlackAppConfig,
    reaches=ChannelKind.SLACK,
    build=SlackApp,
    is_shared=True,
    per_turn=1,
    posts_to=_place,
    doubts=_doubts,
)
