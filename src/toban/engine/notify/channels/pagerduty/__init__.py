"""PagerDuty by its Events API v2."""

from toban.design.values.people import ChannelKind
from toban.engine.notify.channel import Transport
from toban.engine.notify.channels.pagerduty.channel import PagerDuty
from toban.engine.notify.channels.pagerduty.config import PagerDutyConfig

TRANSPORT = Transport(
    config=PagerDutyConfig,
    reaches=ChannelKind.PAGERDUTY,
    build=PagerDuty,
    is_shared=True,
    gathers=False,
)
