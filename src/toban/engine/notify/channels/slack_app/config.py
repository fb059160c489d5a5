"""Settings in `toban.toml` for a Slack app."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import HttpChannelConfig


class SlackAppConfig(HttpChannelConfig):
    """`[channels.NAME]` with `kind = "slack_app"`."""

    example: ClassVar[Mapping[str, str]] = {
        "token": "env:SLACK_BOT_TOKEN",
        "signing_secret": "env:SLACK_SIGNING_SECRET",
        "channel": "#ops",
    }

    token: Secret
    """The bot's token (xoxb-…), with the scope `chat:write`."""
    signing_secret: Secret
    """Slack signs its requests for pressed buttons with it."""
    channel: str = Field(pattern=r"^(#\S+|[CG][A-Z0-9]{2,})$")
    """Where it posts: `#ops`, or the channel's id."""
    team: str = Field(default="", pattern=r"^(T[A-Z0-9]{2,30})?$")
    """The workspace whose members may order something; empty: any that the app is installed or shared in."""
    url: str = "https://slack.com/api/chat.postMessage"
