"""Settings in `toban.toml` for a webhook."""

from collections.abc import Mapping
from typing import ClassVar

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import ReceiverConfig


class WebhookConfig(ReceiverConfig):
    """`[channels.NAME]` with `kind = "webhook"`."""

    example: ClassVar[Mapping[str, str]] = {"url": "env:WEBHOOK_URL", "secret": "env:WEBHOOK_SECRET"}

    secret: Secret
    """The key that notifications are signed with; the receiver knows it, too."""
