"""Settings in `toban.toml` for a Teams channel."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import HttpChannelConfig


class TeamsConfig(HttpChannelConfig):
    """`[channels.NAME]` with `kind = "teams"`."""

    example: ClassVar[Mapping[str, str]] = {"webhook": "env:TEAMS_WEBHOOK_URL"}

    webhook: Secret
    """The URL of a workflow that a Teams webhook request starts: anyone who knows it can post."""
    channel: str = Field(default="", pattern=r"^(#\S+)?$")
    """Where the workflow posts, as the document writes it after `Teams`: `#運用`."""
