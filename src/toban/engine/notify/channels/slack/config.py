"""Settings in `toban.toml` for a Slack channel."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import HttpChannelConfig


class SlackConfig(HttpChannelConfig):
    """`[channels.NAME]` with `kind = "slack"`."""

    example: ClassVar[Mapping[str, str]] = {"webhook": "env:SLACK_WEBHOOK_URL"}

    webhook: Secret
    """The incoming webhook's URL: anyone who knows it can post."""
    channel: str = Field(default="", pattern=r"^(#\S+)?$")
    """The Slack channel that the webhook posts to, as the document writes it: `#monitoring`."""
