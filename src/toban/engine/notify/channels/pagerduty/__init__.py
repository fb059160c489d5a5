"""PagerDuty by its Events API v2."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.http import url_doubts
from toban.engine.notify.channels.pagerduty.channel import PagerDuty
from toban.engine.notify.channels.pagerduty.config import PagerDutyConfig
from toban.engine.notify.delivery.channel import Transport
from toban.message import Message

_KEY_LENGTH = 32


def _doubts(config: PagerDutyConfig) -> Iterable[Message]:
    key = config.routing_key.reveal()
    if len(key) != _KEY_LENGTH or not key.isalnum():
        yield Message("notify.not-a-routing-key", key=config.routing_key, length=_KEY_LENGTH)
    yield from url_doubts("PagerDuty", config, config.url)


TRANSPORT = Transport(
    config=PagerDutyConfig,
    reaches=ChannelKind.PAGERDUTY,
    build=PagerDuty,
    is_shared=True,
    opens_incidents=True,
    doubts=_doubts,
)
