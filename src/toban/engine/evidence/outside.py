"""Status of the evidence outside of Toban: where, how far, under which lock, and what holds it up. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message

_A_DAY = timedelta(hours=26)
"""An entry that waits longer has missed its day; a day's shipping may take the two extra hours."""


@dataclass(frozen=True, slots=True)
class ShippedEvidence:
    """What is known of the evidence in a store."""

    place: str
    """The store's name; empty if there is none."""
    segments: int
    entries: int
    """Number of entries from Toban's own evidence and from the applications' audit log."""
    lock: str
    """The lock of the newest segment, `COMPLIANCE 2027-11-26`; empty if the store has no locks."""
    waiting_since: datetime | None
    """Since when the oldest entry that is not in the store has waited; None if none waits."""
    trouble: Message = NOTHING
    """Why the last attempt failed."""


def said(outside: ShippedEvidence, now: datetime) -> tuple[Verdict, Message, Message]:
    """Return the verdict on the document's audit log, with value and reason."""
    value = Message("evidence.entries-outside", count=outside.entries) if outside.segments else NOTHING
    has_missed = outside.waiting_since is not None and now - outside.waiting_since >= _A_DAY
    if outside.trouble:
        verdict = Verdict.DEVIATING if has_missed else Verdict.WARNING
        return verdict, value, Message("evidence.not-shipped", reason=outside.trouble)
    if has_missed:
        reason = Message("evidence.waits-too-long", since=outside.waiting_since)
        return Verdict.DEVIATING, value, reason
    if not outside.segments:
        return Verdict.NOT_DUE, value, Message("evidence.first-shipment-awaited")
    lock = Message("evidence.locked", lock=outside.lock) if outside.lock else Message("evidence.not-locked")
    shipped = Message("evidence.shipped", place=outside.place, count=outside.segments, lock=lock)
    return Verdict.CONFORMING, value, shipped
