"""A hundred other services (LINE, Discord, SMS, Opsgenie, …) by Apprise, which speaks all their protocols."""

from toban.design.values.people import ChannelKind
from toban.engine.notify.channel import Transport
from toban.engine.notify.channels.apprise.channel import AppriseChannel, doubts
from toban.engine.notify.channels.apprise.config import AppriseConfig


def _word(config: AppriseConfig) -> ChannelKind:
    return ChannelKind(config.answers_to)


TRANSPORT = Transport(
    config=AppriseConfig,
    reaches=ChannelKind.WEBHOOK,
    word=_word,
    build=AppriseChannel,
    is_shared=True,
    per_turn=1,
    doubts=doubts,
)
