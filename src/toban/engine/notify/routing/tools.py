"""Which channels in the bindings deliver, for the rows of the document that name what notifies."""

from collections.abc import Mapping
from typing import Any

from toban.engine.bindings.model import KindBinding
from toban.engine.editions.tools import BoundTool
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Delivery
from toban.message import Message


def heard(channels: Mapping[str, KindBinding[Any]]) -> list[BoundTool]:
    """Return each channel with how its last delivery ended."""
    return [_heard(name, bound.kind) for name, bound in channels.items()]


def _heard(name: str, kind: str) -> BoundTool:
    ended = Delivery.objects.filter(channel=name).exclude(state=Delivery.State.WAITING)
    last = ended.order_by("-id").first()
    if last is None:
        return BoundTool(kind, name, Verdict.NOT_DUE, Message("notify.channel-unused", channel=name))
    if last.state == Delivery.State.DELIVERED:
        return BoundTool(kind, name)
    trouble = Message("notify.not-delivered", channel=name, error=last.error)
    return BoundTool(kind, name, Verdict.DEVIATING, trouble)
