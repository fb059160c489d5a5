"""Which days of a kind of log are deleted, and which wait for approval. Pure.

A day is deleted when its last moment is older than the document's retention. So nothing younger is ever
deleted, and nothing is kept for more than an extra day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import NamedTuple, Self

from toban.design.values.duration import Duration, Retention
from toban.engine.retention import CompanionRecords
from toban.engine.telemetry.logs.days import DayPart


class WaitReason(StrEnum):
    """Why a day that is old enough stays."""

    NOT_AGREED = "not-agreed"
    """The document's retention became shorter, and nobody has approved the deletion yet."""
    HELD = "held"
    """A legal hold."""
    NOT_ARCHIVED = "not-archived"
    """It must be archived first, and could not be."""


@dataclass(frozen=True, slots=True)
class RetentionDecision:
    """The decision about one kind."""

    goes: tuple[DayPart, ...]
    waits: tuple[DayPart, ...]
    why: WaitReason | None
    """The reason for `waits` and `beside`."""
    oldest: date | None
    """The oldest day left once `goes` are deleted."""
    beside: tuple[CompanionRecords, ...] = ()
    """Data elsewhere that waits together with `waits`."""


class DayDeletion(NamedTuple):
    """A day being deleted, as it is recorded: from before it is touched until the deletion is proven."""

    day: str
    rows: int
    bytes: int
    archive: str = ""
    """The key of its manifest; empty if it is not archived."""
    table: str = ""
    """With `kind`, distinguishes days of one row; empty if an earlier version of Toban recorded it."""
    kind: str = ""

    @classmethod
    def of(cls, part: DayPart, archive: str = "") -> Self:
        """Return *part* as a day to delete."""
        return cls(part.day.isoformat(), part.rows, part.bytes, archive, part.table, part.kind)

    def is_of(self, part: DayPart) -> bool:
        """Say whether this is *part*, with the same number of rows."""
        is_same = self.table in ("", part.table) and self.kind in ("", part.kind)
        return is_same and (self.day, self.rows) == (part.day.isoformat(), part.rows)


def first_kept(kept: Retention | None, today: date, zone: tzinfo) -> date | None:
    """Return the oldest day that is kept whole; None if everything is kept."""
    if not isinstance(kept, Duration):
        return None
    midnight = datetime.combine(today, time(), zone)
    return kept.before(midnight).date()


def is_shorter(first: date | None, former: date | None) -> bool:
    """Say whether keeping from *first* on keeps less than keeping from *former* on; None keeps everything."""
    return first is not None and (former is None or first > former)


def older(days: Iterable[DayPart], first: date | None) -> tuple[DayPart, ...]:
    """Return those of *days* before *first*, in order; none if everything is kept."""
    return tuple(
        sorted((each for each in days if first is not None and each.day < first), key=lambda each: each.day)
    )


def decide(
    days: Iterable[DayPart],
    written: date | None,
    agreed: date | None,
    *,
    is_held: bool,
    beside: Sequence[CompanionRecords] = (),
) -> RetentionDecision:
    """Return which of one kind's *days* are deleted.

    *written* is the first day kept by the document in force, *agreed* by the retention that was agreed to;
    None keeps everything. *beside* is elsewhere, and is due by *written* alone.
    """
    found = sorted(days, key=lambda each: each.day)
    old = older(found, written)
    if is_held:
        return RetentionDecision(
            (), old, WaitReason.HELD if old or beside else None, _oldest(found), tuple(beside)
        )
    goes = older(old, agreed)
    waits = old[len(goes) :]
    why = WaitReason.NOT_AGREED if waits or beside else None
    return RetentionDecision(goes, waits, why, _oldest(found[len(goes) :]), tuple(beside))


def kept_back(decision: RetentionDecision, gone: int, why: WaitReason) -> RetentionDecision:
    """Return *decision* if only the first *gone* of its days were deleted, and the others stay, *why*."""
    waits = (*decision.goes[gone:], *decision.waits)
    return RetentionDecision(decision.goes[:gone], waits, why, _oldest(waits), decision.beside)


def _oldest(days: Sequence[DayPart]) -> date | None:
    return days[0].day if days else None
