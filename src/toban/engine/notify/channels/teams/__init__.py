"""Microsoft Teams by a webhook of its Workflows."""

from toban.design.values.people import ChannelKind
from toban.engine.notify.channel import Transport
from toban.engine.notify.channels.teams.channel import Teams
from toban.engine.notify.channels.teams.config import TeamsConfig


def _place(config: TeamsConfig) -> str:
    return config.channel


TRANSPORT = Transport(
    config=TeamsConfig, reaches=ChannelKind.TEAMS, build=Teams, is_shared=True, posts_to=_place
)
