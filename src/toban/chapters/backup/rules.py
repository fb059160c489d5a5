"""What is kept, what can be restored, and whether that is enough: decided from values alone."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.chapters.backup.engine import Method, WalPosition
from toban.design.values.backup_method import BackupMethod
from toban.design.values.duration import Duration, Forever, Generations, Retention
from toban.message import NOTHING, Message

_MOST_GRACE = timedelta(hours=6)
_HALF_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCopy:
    """A backup in the catalogue, reduced to what decisions need."""

    label: str
    method: Method
    parent: str = ""
    ended_at: datetime
    restorable_to: datetime
    system_id: str = ""
    start: WalPosition | None = None
    end: WalPosition | None = None
    is_verified: bool = True
    """Whether its stored bytes were read and found whole."""
    trouble: Message = NOTHING
    """What is wrong with it; says nothing if no problem is known."""
    stored_bytes: int = 0
    source_bytes: int = 0

    @property
    def is_good(self) -> bool:
        """Whether no problem with it is known; the full copy of an increment is not asked."""
        return not self.trouble


@dataclass(frozen=True, slots=True)
class WalStretch:
    """A stretch of log in the store without a gap."""

    system_id: str
    timeline: int
    first_lsn: str
    last_lsn: str
    durable_to: datetime


@dataclass(frozen=True, slots=True)
class CopyRetention:
    """How long the row of a method keeps its copies.

    A copy is removed only when neither the generations nor the retention require it any more: the document
    promises both. A row that gives neither keeps everything.
    """

    generations: Generations | None = None
    retention: Retention | None = None

    @property
    def keeps_all(self) -> bool:
        """Whether this rule never removes anything."""
        is_silent = self.generations is None and self.retention is None
        return is_silent or isinstance(self.retention, Forever)


@dataclass(frozen=True, slots=True)
class PruneDecision:
    """What happens to a copy, and why."""

    label: str
    why: Message


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """The copies to remove, children before their parents, and the copies to keep."""

    gone: tuple[PruneDecision, ...]
    kept: tuple[PruneDecision, ...]
    log_from: str
    """The label of the oldest full copy that is kept: no copy needs log from before it."""


def prune(
    copies: Sequence[BackupCopy],
    keep: Mapping[Method, CopyRetention],
    now: datetime,
    *,
    has_log: bool = False,
) -> PrunePlan:
    """Decide what can be removed; *has_log* says whether log is kept that continues the copies.

    Never removed: the newest full copy that was read and found whole, the newest one without a known problem,
    a full copy that a kept increment is based on, and, with log, the newest full copy that is as old as the
    increments' retention: without it, not every moment that the retention promises could be restored.
    """
    newest_first = sorted(copies, key=lambda copy: (copy.ended_at, copy.label), reverse=True)
    by_label = {copy.label: copy for copy in newest_first}
    kept: dict[str, Message] = {}
    for copy in newest_first:
        why = _why_kept(copy, newest_first, by_label, keep.get(copy.method, CopyRetention()), now)
        if why and _is_usable(copy, by_label):
            kept[copy.label] = why
    for label, why in _never_gone(newest_first, keep, now, has_log):
        kept.setdefault(label, why)
    for copy in newest_first:
        if copy.label in kept and copy.parent:
            kept.setdefault(copy.parent, Message("backup.needed-by-increment", label=copy.label))
    gone = [copy for copy in reversed(newest_first) if copy.label not in kept]
    gone.sort(key=lambda copy: copy.method is Method.FULL)
    oldest = next((each for each in reversed(newest_first) if _is_kept_full(each, kept)), None)
    return PrunePlan(
        tuple(
            PruneDecision(each.label, _why_gone(each, by_label, keep.get(each.method, CopyRetention())))
            for each in gone
        ),
        tuple(PruneDecision(each.label, kept[each.label]) for each in newest_first if each.label in kept),
        oldest.label if oldest else "",
    )


def _is_kept_full(copy: BackupCopy, kept: dict[str, Message]) -> bool:
    return copy.method is Method.FULL and copy.label in kept


def _is_usable(copy: BackupCopy, by_label: dict[str, BackupCopy]) -> bool:
    """Whether an increment's full copy is there; a full copy needs no other."""
    return not copy.parent or copy.parent in by_label


def _why_kept(
    copy: BackupCopy,
    newest_first: Sequence[BackupCopy],
    by_label: Mapping[str, BackupCopy],
    keep: CopyRetention,
    now: datetime,
) -> Message:
    if keep.keeps_all and keep.retention is None:
        return Message("backup.kept-without-rule")
    if keep.keeps_all:
        return Message("backup.kept-forever", retention=keep.retention)
    newer = sum(
        1
        for each in newest_first[: newest_first.index(copy)]
        if each.method is copy.method and not why_unusable(each, by_label)
    )
    # A copy that can't be restored does not count as a generation: it must not push a good one out.
    is_usable = not why_unusable(copy, by_label)
    if keep.generations is not None and is_usable and newer < keep.generations.count:
        return Message("backup.kept-generation", generations=keep.generations, number=newer + 1)
    # A copy exactly as old as the retention has been kept for long enough.
    if isinstance(keep.retention, Duration) and copy.ended_at > keep.retention.before(now):
        return Message("backup.within-retention", retention=keep.retention)
    return NOTHING


def _never_gone(
    newest_first: Sequence[BackupCopy], keep: Mapping[Method, CopyRetention], now: datetime, has_log: bool
) -> Iterable[tuple[str, Message]]:
    fulls = [copy for copy in newest_first if copy.method is Method.FULL]
    good = [copy for copy in fulls if copy.is_good]
    for chosen, why in (
        (next((each for each in good if each.is_verified), None), Message("backup.last-verified-full")),
        (next(iter(good or fulls), None), Message("backup.last-full")),
    ):
        if chosen is not None:
            yield chosen.label, why
    window = keep.get(Method.INCREMENTAL, CopyRetention()).retention
    if has_log and isinstance(window, Duration):
        before = window.before(now)
        base = next((each for each in good if each.restorable_to <= before), None)
        if base is not None:
            yield base.label, Message("backup.needed-for-window", window=window)


def _why_gone(copy: BackupCopy, by_label: dict[str, BackupCopy], keep: CopyRetention) -> Message:
    if not _is_usable(copy, by_label):
        return Message("backup.full-is-missing", label=copy.parent)
    past = Message("backup.past-rule", rule=keep.generations or keep.retention)
    if keep.generations is not None and keep.retention is not None:
        past = Message("backup.past-both-rules", generations=keep.generations, retention=keep.retention)
    return past if copy.is_good else Message("backup.and-damaged", why=past)


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A moment that can be restored, and from what."""

    at: datetime
    label: str
    """The newest backup of the chain."""
    is_by_log: bool


def why_unusable(copy: BackupCopy, by_label: Mapping[str, BackupCopy]) -> Message:
    """Say why *copy* can't be restored: its own problem, or that of the full copy it is based on.

    It says nothing if no problem is known.
    """
    if copy.trouble or not copy.parent:
        return copy.trouble
    full = by_label.get(copy.parent)
    if full is None:
        return Message("backup.full-is-missing", label=copy.parent)
    if full.trouble:
        return Message("backup.full-is-unreliable", label=full.label, trouble=full.trouble)
    return NOTHING


def usable(copies: Sequence[BackupCopy]) -> list[BackupCopy]:
    """Return the copies that can be restored: neither they nor their full copies have a known problem."""
    by_label = {copy.label: copy for copy in copies}
    return [copy for copy in by_label.values() if not why_unusable(copy, by_label)]


@dataclass(frozen=True, slots=True)
class RowCopies:
    """What a row of the policy has in the store."""

    own: Sequence[BackupCopy] = ()
    """Those of its method that can be restored, oldest first."""
    newest: BackupCopy | None = None
    """The newest that can be restored and counts for it: a full copy contains more than an increment."""
    trouble: Message = NOTHING
    """Why its newest copy can't be restored; says nothing if no problem is known, or a newer one can be."""


def row_copies(copies: Sequence[BackupCopy], method: BackupMethod) -> RowCopies:
    """Return what the row of *method* has of its subject's *copies*, which are oldest first."""
    by_label = {copy.label: copy for copy in copies}
    restorable = {copy.label for copy in usable(copies)}
    counting = [copy for copy in copies if method is not BackupMethod.FULL or copy.method is Method.FULL]
    own = [copy for copy in counting if copy.method.value == method.value]
    newest = next((copy for copy in reversed(counting) if copy.label in restorable), None)
    last = next(reversed(own or counting), None)
    is_past = last is None or (newest is not None and newest.ended_at > last.ended_at)
    return RowCopies(
        [copy for copy in own if copy.label in restorable],
        newest,
        NOTHING if last is None or is_past else why_unusable(last, by_label),
    )


def chain_to(copies: Sequence[BackupCopy], to: datetime | None) -> tuple[BackupCopy, ...]:
    """Return the full copy, and the increment on it if there is one, that come closest before *to*.

    Empty if no backup is old enough. None asks for the newest.
    """
    found = [copy for copy in usable(copies) if to is None or copy.restorable_to <= to]
    if not found:
        return ()
    newest = max(found, key=lambda copy: (copy.restorable_to, copy.label))
    parent = next((copy for copy in copies if copy.label == newest.parent), None)
    return (newest,) if parent is None else (parent, newest)


def newest_moment(copies: Sequence[BackupCopy], stretches: Sequence[WalStretch]) -> RestorePoint | None:
    """Return the newest moment that can be restored: the end of a backup, or of the log that continues it.

    The log of a later timeline continues an earlier one's if it begins before that one ends.
    """
    chain = chain_to(copies, None)
    if not chain:
        return None
    newest = chain[-1]
    best = RestorePoint(newest.restorable_to, newest.label, is_by_log=False)
    for copy in usable(copies):
        for stretch in _following(copy, stretches):
            if stretch.durable_to > best.at:
                best = RestorePoint(stretch.durable_to, copy.label, is_by_log=True)
    return best


def _following(copy: BackupCopy, stretches: Sequence[WalStretch]) -> list[WalStretch]:
    """Return the stretches of log that continue from where *copy* is complete."""
    if copy.end is None:
        return []
    timeline, at, found = copy.end.timeline, position(copy.end.lsn), []
    for stretch in sorted(stretches, key=lambda each: (each.timeline, position(each.first_lsn))):
        is_later = stretch.timeline >= timeline
        covers = position(stretch.first_lsn) <= at <= position(stretch.last_lsn)
        if stretch.system_id == copy.system_id and is_later and covers:
            found.append(stretch)
            timeline, at = stretch.timeline, position(stretch.last_lsn)
    return found


def position(lsn: str) -> int:
    """Return an LSN such as `0/3000028` as a number of bytes."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << _HALF_BITS) | int(low, 16)


class Freshness(StrEnum):
    """Whether backups are made as often as the document says."""

    FRESH = "fresh"
    NEVER = "never"
    """No backup was ever made, and none is due yet."""
    LATE = "late"
    """The last one due is missing."""
    TOO_OLD = "too-old"
    """More than one is missing."""


def freshness(newest: datetime | None, due: Sequence[datetime], now: datetime, least: timedelta) -> Freshness:
    """Compare the end of the newest good copy with the times that were due up to *now*, in order.

    Each due time has a grace period for the backup itself: a quarter of the interval, at most 6 hours, and at
    least *least*.
    """
    missing = [
        moment
        for moment, grace in zip(due, _graces(due, least), strict=True)
        if (newest is None or newest < moment) and moment + grace <= now
    ]
    if not missing:
        return Freshness.FRESH if newest is not None else Freshness.NEVER
    return Freshness.LATE if len(missing) == 1 else Freshness.TOO_OLD


def _graces(due: Sequence[datetime], least: timedelta) -> list[timedelta]:
    """Return how late each may be before it counts as missing, from the interval to the one before it."""
    gaps = [later - earlier for earlier, later in itertools.pairwise(due)]
    gaps = [*gaps[:1], *gaps] if gaps else [4 * _MOST_GRACE for _ in due]
    return [max(min(gap / 4, _MOST_GRACE), least) for gap in gaps]


def scaled_recovery(seconds: float, then_bytes: int, now_bytes: int) -> float:
    """Return how long a recovery that took *seconds* would take at the source's current size.

    In proportion to the size: fetching and combining dominate. A source that shrank does not count as faster.
    """
    if then_bytes <= 0 or now_bytes <= then_bytes:
        return seconds
    return seconds * now_bytes / then_bytes
