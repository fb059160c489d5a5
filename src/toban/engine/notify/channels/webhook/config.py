"""Settings in `toban.toml` for a webhook."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.changes.act import ChangeKind
from toban.engine.notify.channels.http import ReceiverConfig
from toban.message import Message


def _kinds(written: object) -> object:
    if written == "all":
        return tuple(ChangeKind)
    unknown = set(written) - set(ChangeKind) if isinstance(written, list | tuple) else {str(written)}
    if unknown:
        raise invalid(
            Message("notify.no-such-changes", kinds=sorted(map(str, unknown))),
            Message("notify.kinds-of-changes", kinds=list(ChangeKind)),
        )
    return written


class WebhookConfig(ReceiverConfig):
    """`[channels.NAME]` with `kind = "webhook"`."""

    example: ClassVar[Mapping[str, str]] = {"url": "env:WEBHOOK_URL", "secret": "env:WEBHOOK_SECRET"}

    secret: Secret
    """The key that notifications are signed with; the receiver knows it, too."""
    changes: Annotated[tuple[ChangeKind, ...], BeforeValidator(_kinds)] = ()
    """The kinds of changes that are posted to it; `"all"` for every kind."""
