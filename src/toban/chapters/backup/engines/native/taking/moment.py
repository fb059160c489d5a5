"""The place in the log where a database is exactly as a snapshot saw it.

A transaction is in the log before it becomes visible, and two may become visible in the opposite order: a
position noted with a snapshot is close, but not exact. The log itself shows which transactions had ended at
a place; PostgreSQL's pg_waldump reads it.
"""

import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toban.chapters.backup.engine import ActWatch, TakenBackup, TransactionSnapshot
from toban.chapters.backup.engines.native.log import log
from toban.chapters.backup.engines.native.log.replay import StoredSegment
from toban.chapters.backup.engines.native.protocol.segments import WalSegment, log_folder, lsn_text, position
from toban.engine.stores.store import Store, folder_of

_COMMIT = re.compile(r"tx:\s+(\d+), lsn: ([0-9A-F]+/[0-9A-F]+),.* desc: COMMIT(?:_PREPARED (\d+):)?")
_LOOKS_AGAIN = 1.0
_TRANSACTIONS = 1 << 32


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction's end in the log."""

    transaction: int
    """32 bits, as the log has it."""
    at: int


def place_of(
    snapshots: Sequence[TransactionSnapshot], commits: Iterable[Commit], until: int
) -> tuple[int, str] | None:
    """Return the first of *snapshots* that the log leads to exactly, and the position to stop before.

    *commits*: all commits in a stretch of log that begins well before the snapshots and ends at *until*. None
    if for each snapshot a transaction that it saw comes after one that it did not see.
    """
    found = list(commits)
    for number, snapshot in enumerate(snapshots):
        near, seen = position(snapshot.lsn), _seen_by(snapshot.visible)
        if near > until:
            # The transactions that ended between are not known yet.
            continue
        last = max((commit.at for commit in found if seen(commit.transaction)), default=-1)
        unseen = min((commit.at for commit in found if not seen(commit.transaction)), default=near)
        stop = min(unseen, near)
        if last < stop:
            return number, lsn_text(stop)
    return None


class _seen_by:  # noqa: N801 - reads as the question that it is
    """Whether a snapshot, as `pg_current_snapshot()` writes it, saw a transaction's end."""

    def __init__(self, visible: str) -> None:
        _, xmax, running = visible.split(":")
        self._xmax = int(xmax)
        self._running = {int(each) % _TRANSACTIONS for each in running.split(",") if each}

    def __call__(self, transaction: int) -> bool:
        # The log's numbers wrap around: a distance below half the circle means before.
        behind = (self._xmax - transaction) % _TRANSACTIONS
        return 0 < behind < _TRANSACTIONS // 2 and transaction not in self._running


def find(
    store: Store,
    subject: str,
    taken: TakenBackup,
    snapshots: Sequence[TransactionSnapshot],
    binaries: Path,
    watch: ActWatch,
    *,
    patience: float,
) -> tuple[int, str] | None:
    """Wait until the log of the snapshots is in the store; return which of them it leads to, and where.

    None if that log does not arrive within *patience* seconds, or leads to none of them.
    """
    folder = log_folder(folder_of(subject), taken.system_id)
    size = log.segment_bytes(taken)
    first = min(position(snapshot.lsn) for snapshot in snapshots)
    last = max(position(snapshot.lsn) for snapshot in snapshots)
    until = time.monotonic() + patience
    while watch.why_stop() is None:
        stored = [
            each
            for each in log.stored_segments(list(store.listing(folder)), size)
            if each.segment.end > first - size
        ]
        if not stored and time.monotonic() >= until:
            return None
        with tempfile.TemporaryDirectory(prefix="toban-log-") as place:
            known = _bring(store, stored, Path(place))
            if known > last:
                commits = _commits(binaries, Path(place), [each.segment for each in stored])
                return place_of(snapshots, commits, known)
        if time.monotonic() >= until:
            return None
        threading.Event().wait(_LOOKS_AGAIN)
    return None


def _bring(store: Store, stored: Sequence[StoredSegment], place: Path) -> int:
    """Write the segments into *place*; return the position up to which the log is known without a gap."""
    known, before = 0, None
    for each in sorted(stored, key=lambda one: (one.segment.number, one.segment.timeline)):
        if before is not None and each.segment.number > before + 1:
            break
        content, length = log.content(store, each)
        (place / each.segment.name).write_bytes(content)
        known, before = each.segment.start + length, each.segment.number
    return known


def _commits(binaries: Path, place: Path, segments: Sequence[WalSegment]) -> list[Commit]:
    found = []
    for segment in segments:
        if not (place / segment.name).exists():
            continue
        listed = subprocess.run(
            [binaries / "pg_waldump", "--rmgr=Transaction", place / segment.name],
            # It fails if the log continues in a file that is not there; its output until then counts.
            check=False,
            capture_output=True,
            text=True,
        ).stdout
        found += [
            Commit(int(prepared or own), position(lsn)) for own, lsn, prepared in _COMMIT.findall(listed)
        ]
    return found
