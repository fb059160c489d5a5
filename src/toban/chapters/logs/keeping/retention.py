"""Which days of a kind of log go, and which wait for somebody's word. Pure.

A day goes when its last moment is older than the document keeps; so nothing younger is ever deleted, and what
is kept beyond the retention is less than a day old by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import NamedTuple, Self

from toban.design.values.duration import Duration, Retention
from toban.engine.retention import Beside
from toban.engine.telemetry.logs.days import DayPart


class Waits(StrEnum):
    """Why a day that is old enough stays."""

    NOT_AGREED = "not-agreed"
    """The document's retention became shorter, and nobody has agreed to what that deletes."""
    HELD = "held"
    """A legal hold."""
    NOT_ARCHIVED = "not-archived"
    """It is to be archived first, and could not be."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes of one kind."""

    goes: tuple[DayPart, ...]
    waits: tuple[DayPart, ...]
    why: Waits | None
    """Why `waits` and `beside` do."""
    oldest: date | None
    """The oldest day that is there once `goes` are gone."""
    beside: tuple[Beside, ...] = ()
    """What waits with `waits`, elsewhere."""


class Going(NamedTuple):
    """A day that is being deleted, as it is written down: from before it is touched until it is proven."""

    day: str
    rows: int
    bytes: int
    archive: str = ""
    """The key of its manifest; empty where it is not archived."""
    table: str = ""
    """With `kind` what tells days of one row apart; empty where a former Toban wrote it down."""
    kind: str = ""

    @classmethod
    def of(cls, part: DayPart, archive: str = "") -> Self:
        """Return *part* as a day that goes."""
        return cls(part.day.isoformat(), part.rows, part.bytes, archive, part.table, part.kind)

    def is_of(self, part: DayPart) -> bool:
        """Say whether this is *part*, with as many rows as it has."""
        is_same = self.table in ("", part.table) and self.kind in ("", part.kind)
        return is_same and (self.day, self.rows) == (part.day.isoformat(), part.rows)


def first_kept(kept: Retention | None, today: date, zone: tzinfo) -> date | None:
    """Return the oldest day that is kept whole; None where everything is."""
    if not isinstance(kept, Duration):
        return None
    midnight = datetime.combine(today, time(), zone)
    return kept.before(midnight).date()


def is_shorter(first: date | None, former: date | None) -> bool:
    """Say whether keeping from *first* on keeps less than keeping from *former* on; None keeps everything."""
    return first is not None and (former is None or first > former)


def older(days: Iterable[DayPart], first: date | None) -> tuple[DayPart, ...]:
    """Return those of *days* that lie before *first*, in order; none of them where everything is kept."""
    return tuple(
        sorted((each for each in days if first is not None and each.day < first), key=lambda each: each.day)
    )


def decide(
    days: Iterable[DayPart],
    written: date | None,
    agreed: date | None,
    *,
    is_held: bool,
    beside: Sequence[Beside] = (),
) -> Decision:
    """Return which of one kind's *days* go.

    *written* is the first day kept by the document in force, *agreed* that by the retention which somebody
    has agreed to; None keeps everything. *beside* lies elsewhere, and goes by the former alone.
    """
    found = sorted(days, key=lambda each: each.day)
    old = older(found, written)
    if is_held:
        return Decision((), old, Waits.HELD if old or beside else None, _oldest(found), tuple(beside))
    goes = older(old, agreed)
    waits = old[len(goes) :]
    why = Waits.NOT_AGREED if waits or beside else None
    return Decision(goes, waits, why, _oldest(found[len(goes) :]), tuple(beside))


def kept_back(decision: Decision, gone: int, why: Waits) -> Decision:
    """Return *decision* when only the first *gone* of its days went and the others stay, *why*."""
    waits = (*decision.goes[gone:], *decision.waits)
    return Decision(decision.goes[:gone], waits, why, _oldest(waits), decision.beside)


def _oldest(days: Sequence[DayPart]) -> date | None:
    return days[0].day if days else None
