"""Settings in `toban.toml` for a receiver of Alertmanager's webhook."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import ReceiverConfig


class AlertmanagerConfig(ReceiverConfig):
    """`[channels.NAME]` with `kind = "alertmanager"`."""

    example: ClassVar[Mapping[str, str]] = {"url": "env:ALERT_RECEIVER_URL"}

    token: Secret | None = None
    """Sent as `Authorization: Bearer …`, as Alertmanager's `http_config.authorization` does."""
    receiver: str = Field(default="toban", min_length=1)
    """The receiver's name in the payload."""
