"""Microsoft Teams through a webhook of its Workflows."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.http import url_doubts
from toban.engine.notify.channels.teams.channel import Teams
from toban.engine.notify.channels.teams.config import TeamsConfig
from toban.engine.notify.delivery.channel import Transport
from toban.message import Message


def _place(config: TeamsConfig) -> str:
    return config.channel


def _doubts(config: TeamsConfig) -> Iterable[Message]:
    return url_doubts("Teams", config, config.webhook.reveal())


TRANSPORT = Transport(
    config=TeamsConfig,
    reaches=ChannelKind.TEAMS,
    build=Teams,
    is_shared=True,
    posts_to=_place,
    doubts=_doubts,
)
