"""Which sources in the bindings are heard from, for the rows that name what measures. Pure."""

from collections.abc import Iterable
from datetime import datetime

from toban.chapters.monitoring.measuring.board import FeedSlot
from toban.engine.editions.tools import BoundTool
from toban.engine.evidence.verdict import Verdict
from toban.message import Message


def heard(slots: Iterable[FeedSlot], now: datetime) -> list[BoundTool]:
    """Return each source with whether it answers."""
    return [_heard(slot, now) for slot in slots]


def _heard(slot: FeedSlot, now: datetime) -> BoundTool:
    kind = slot.feed.bound.kind
    if slot.answers and not slot.failures:
        return BoundTool(kind, slot.label)
    said = slot.why_silent(now) or Message("monitoring.first-answer-awaited")
    trouble = Message("monitoring.source-of-target-says", target=slot.feed.target, said=said)
    return BoundTool(kind, slot.label, Verdict.NOT_MEASURABLE, trouble)
