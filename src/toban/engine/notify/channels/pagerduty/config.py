"""Settings in `toban.toml` for PagerDuty."""

from collections.abc import Mapping
from typing import ClassVar

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import HttpChannelConfig


class PagerDutyConfig(HttpChannelConfig):
    """`[channels.NAME]` with `kind = "pagerduty"`."""

    example: ClassVar[Mapping[str, str]] = {"routing_key": "env:PAGERDUTY_ROUTING_KEY"}

    routing_key: Secret
    """The 32 characters of an Events API v2 integration; its service decides who is paged."""
    url: str = "https://events.pagerduty.com/v2/enqueue"
    """Accounts in the EU use https://events.eu.pagerduty.com/v2/enqueue."""
