"""Status of the evidence outside of Toban: where, how far, under which lock, and what holds it up. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.evidence.verdict import Verdict

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
    """The lock of the newest segment, as text; empty if the store has no locks."""
    waiting_since: datetime | None
    """Since when the oldest entry that is not in the store has waited; None if none waits."""
    trouble: str = ""
    """Why the last attempt failed."""


def said(outside: ShippedEvidence, now: datetime) -> tuple[Verdict, str, str]:
    """Return the verdict on the document's audit log, with value and reason as text."""
    value = f"外に {outside.entries:,}件" if outside.segments else ""
    has_missed = outside.waiting_since is not None and now - outside.waiting_since >= _A_DAY
    if outside.trouble:
        verdict = Verdict.DEVIATING if has_missed else Verdict.WARNING
        return verdict, value, f"証跡を外へ送れません: {outside.trouble}"
    if has_missed:
        return (
            Verdict.DEVIATING,
            value,
            f"{outside.waiting_since:%Y-%m-%d %H:%M} からの証跡が外へ送られていません",
        )
    if not outside.segments:
        return Verdict.NOT_MEASURABLE, value, "最初の送り出しを待っています"
    lock = f"ロック {outside.lock}" if outside.lock else "ロックなし"
    return Verdict.CONFORMING, value, f"{outside.place} に {outside.segments}区間、{lock}"
