"""Settings in `toban.toml` for a service that Apprise speaks to."""

from collections.abc import Mapping
from typing import ClassVar, Literal, get_args

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.notify.delivery.channel import ChannelConfig

_Word = Literal[
    "LINE",
    "Discord",
    "SMS",
    "Opsgenie",
    "電話",
    "プッシュ通知",
    "SNS",
    "Slack",
    "Teams",
    "メール",
    "チケット",
    "ステータスページ",
    "Webhook",
]
WORDS = frozenset(get_args(_Word))
"""What documents may call a service that Apprise reaches."""


class AppriseConfig(ChannelConfig):
    """`[channels.NAME]` with `kind = "apprise"`."""

    example: ClassVar[Mapping[str, str]] = {"url": "env:APPRISE_URL", "answers_to": "LINE"}

    url: Secret
    """Apprise's URL of the service (https://github.com/caronc/apprise/wiki), with tokens and passwords."""
    answers_to: _Word
    """The document's word for it."""
    timeout: float = Field(default=15, gt=0, le=60)
    """Seconds for a whole attempt."""
