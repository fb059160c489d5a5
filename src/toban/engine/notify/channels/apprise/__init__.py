"""A hundred other services (LINE, Discord, SMS, Opsgenie, …) by Apprise, which speaks their protocols."""

from collections.abc import Iterable, Mapping

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.apprise.config import WORDS, AppriseConfig
from toban.engine.notify.delivery.channel import Channel, Transport
from toban.message import Message


def _word(config: AppriseConfig) -> ChannelKind:
    return ChannelKind(config.answers_to)


def _answering(word: str) -> Mapping[str, str]:
    return {"answers_to": word} if word in WORDS else {}


# Apprise is large: commands that only read the bindings should not wait for its import.
def _build(config: AppriseConfig) -> Channel:
    from toban.engine.notify.channels.apprise.channel import AppriseChannel  # noqa: PLC0415

    return AppriseChannel(config)


def _doubts(config: AppriseConfig) -> Iterable[Message]:
    from toban.engine.notify.channels.apprise.channel import doubts  # noqa: PLC0415

    return doubts(config)


TRANSPORT = Transport(
    config=AppriseConfig,
    reaches=ChannelKind.WEBHOOK,
    word=_word,
    answering=_answering,
    build=_build,
    is_shared=True,
    per_turn=1,
    doubts=_doubts,
)
