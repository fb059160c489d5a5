"""The stored log that continues a backup: found before anything is restored, then fetched into `pg_wal`."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from toban.chapters.backup.engine import ActWatch, BackupFailed, RestoreOrder, TakenBackup, WalPosition
from toban.chapters.backup.engines.native.log import replay
from toban.chapters.backup.engines.native.log.replay import Log, StoredSegment
from toban.chapters.backup.engines.native.protocol.segments import (
    WalSegment,
    assemble,
    log_folder,
    lsn_text,
    position,
    read_key,
    whole_instead_of,
)
from toban.chapters.backup.engines.native.taking.archive import BadArchive, inflated
from toban.engine.stores.store import ListedObject, Store, StoreTrouble, folder_of
from toban.message import Message, message_of

_READERS = 8
_SEGMENT_BYTES = 16 << 20
_MORE = 4
"""Segments to fetch at a time while it is not known which of them holds the target."""

_HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_COMMIT = re.compile(r"\b(?:COMMIT|ABORT)\w*\b.*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC")


@dataclass(frozen=True, slots=True)
class Course:
    """How the server gets from the backup to the requested moment."""

    log: Log
    histories: dict[int, bytes]
    """Timeline → the text of its history file."""
    size: int
    """Bytes of a segment."""


def course(store: Store, subject: str, order: RestoreOrder) -> Course:
    """Find the log that *order* needs; raises `BackupFailed` if it has a gap before the target."""
    last = order.chain[-1]
    end = _end(last)
    size = segment_bytes(last)
    folder = log_folder(folder_of(subject), last.system_id)
    listed = list(store.listing(folder))
    histories = _histories(store, listed)
    stored = list(stored_segments(listed, size))
    branches = {timeline: replay.read_history(text.decode()) for timeline, text in histories.items()}
    first = WalSegment.holding(end.timeline, position(end.lsn), size)
    log = replay.unbroken(stored, first, branches, begins=position(end.lsn))
    if not log.segments and log.missing == first:
        # The backup contains the segment that it ends in; the log may begin after it.
        log = replay.unbroken(stored, first.next, branches, begins=position(end.lsn))
    if order.follows_log:
        _refuse_gap(log, order)
    return Course(log, histories, size)


def _refuse_gap(log: Log, order: RestoreOrder) -> None:
    last = log.segments[-1] if log.segments else None
    if order.to_lsn and (last is None or last.segment.end < position(order.to_lsn)):
        raise BackupFailed(Message("backup-engines.log-ends-early", lsn=order.to_lsn), retry=False)
    if order.to is not None and last is None:
        raise BackupFailed(Message("backup-engines.no-log-stored"), retry=False)
    if log.missing is None or order.to_lsn:
        return
    if order.to is None or last is None or last.stored_at <= order.to:
        segment = log.missing.name
        raise BackupFailed(
            Message(
                "backup-engines.log-has-gap", segment=segment, until=f"{last.stored_at:%Y-%m-%d %H:%M:%S %Z}"
            )
            if last
            else Message("backup-engines.log-has-gap-at-once", segment=segment),
            retry=False,
        )


def _end(taken: TakenBackup) -> WalPosition:
    if taken.end is None:
        raise BackupFailed(Message("backup-engines.end-not-recorded", backup=taken.label), retry=False)
    return taken.end


def segment_bytes(taken: TakenBackup) -> int:
    """Return the size of a segment of the cluster's log."""
    found = taken.facts.get("wal_segment_size")
    return found if isinstance(found, int) else _SEGMENT_BYTES


def stored_segments(listed: Sequence[ListedObject], size: int) -> Iterator[StoredSegment]:
    """Yield the segments that the keys name; the pieces of one segment are grouped."""
    objects: dict[str, list[tuple[int | None, ListedObject]]] = {}
    for each in listed:
        found = read_key(each.key)
        if found is not None:
            objects.setdefault(found.segment, []).append((found.offset, each))
    for name, parts in objects.items():
        whole = next((each.key for offset, each in parts if offset is None), "")
        kept = [(offset, each) for offset, each in parts if not whole or offset is None]
        yield StoredSegment(
            WalSegment.named(name, size),
            max(each.modified_at for _, each in kept),
            whole,
            {offset: each.key for offset, each in kept if offset is not None},
            sum(each.size for _, each in kept),
        )


def _histories(store: Store, listed: Sequence[ListedObject]) -> dict[int, bytes]:
    found = {}
    for each in listed:
        match = _HISTORY.fullmatch(each.key.rpartition("/")[2])
        if match is not None:
            found[int(match[1], 16)] = store.read(each.key)
    return found


def bring(store: Store, found: Course, order: RestoreOrder, folder: Path, watch: ActWatch) -> datetime | None:
    """Write the log that the recovery needs into *folder*, `pg_wal`; return the time that it can stop at.

    None if the log has no transaction after the target: then the end of the log is the target. Raises
    `BackupFailed` if there turns out to be a gap before the target.
    """
    for timeline, text in found.histories.items():
        (folder / f"{timeline:08X}.history").write_bytes(text)
    segments = found.log.segments
    if not order.follows_log:
        return None
    if order.to is None:
        _bring(store, segments, folder, watch)
        return None
    if order.binaries is None:
        # Without PostgreSQL's programs the log can't be read here: the server must find the target.
        _bring(store, segments, folder, watch)
        return order.to
    count = next((n for n, each in enumerate(segments, 1) if each.stored_at > order.to), len(segments))
    _bring(store, segments[:count], folder, watch)
    while True:
        newest = _newest_end(order.binaries, folder, segments[:count])
        if newest is not None and newest > order.to:
            return order.to
        if count == len(segments):
            break
        _bring(store, segments[count : count + _MORE], folder, watch)
        count = min(count + _MORE, len(segments))
    if found.log.missing is not None:
        raise BackupFailed(
            Message("backup-engines.log-lacks-segment", segment=found.log.missing.name), retry=False
        )
    watch.say(Message("backup-engines.recovers-to-end-of-log"))
    return None


def _bring(store: Store, segments: Sequence[StoredSegment], folder: Path, watch: ActWatch) -> None:
    def one(stored: StoredSegment) -> None:
        if (reason := watch.why_stop()) is not None:
            raise BackupFailed(Message("backup-engines.stopped", reason=reason))
        whole, _ = content(store, stored)
        path = folder / stored.segment.name
        path.write_bytes(whole)
        path.chmod(0o600)

    if segments:
        watch.say(Message("backup-engines.fetching-log", count=len(segments), first=segments[0].segment.name))
    with ThreadPoolExecutor(_READERS, thread_name_prefix="log") as pool:
        list(pool.map(one, segments))


def content(store: Store, stored: StoredSegment) -> tuple[bytes, int]:
    """Return the bytes of a segment, and how many of them are known.

    A segment in pieces is padded with zeroes, which recovery takes as the end of the log. Pieces that have
    become a whole segment since they were listed are read from that. Raises `BackupFailed`.
    """
    try:
        return _whole(store, stored) if stored.whole else _joined(store, stored)
    except (BadArchive, StoreTrouble) as error:
        segment = stored.segment.name
        raise BackupFailed(
            Message("backup-engines.segment-unreadable", segment=segment, error=message_of(error))
        ) from error


def _joined(store: Store, stored: StoredSegment) -> tuple[bytes, int]:
    try:
        pieces = {offset: b"".join(inflated(store.stream(key))) for offset, key in stored.pieces.items()}
    except StoreTrouble:
        key = whole_instead_of(next(iter(stored.pieces.values())))
        # The follower stores the whole segment first, and only then deletes the pieces.
        if not any(each.key == key for each in store.listing(key)):
            raise
        return _whole(store, replace(stored, whole=key))
    return assemble(pieces, stored.segment.size)


def _whole(store: Store, stored: StoredSegment) -> tuple[bytes, int]:
    whole = b"".join(inflated(store.stream(stored.whole)))
    if len(whole) != stored.segment.size:
        raise BackupFailed(
            Message("backup-engines.segment-cut-off", segment=stored.segment.name), retry=False
        )
    return whole, len(whole)


def _newest_end(binaries: Path, folder: Path, segments: Sequence[StoredSegment]) -> datetime | None:
    """Return when the last transaction in *segments* ended; None if none does."""
    for stored in reversed(segments):
        listed = subprocess.run(
            [binaries / "pg_waldump", "--rmgr=Transaction", folder / stored.segment.name],
            # It fails if the log continues in a file that is not there; its output until then counts.
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "TZ": "UTC"},
        )
        ends = _COMMIT.findall(listed.stdout)
        if ends:
            return max(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in ends)
    return None


def covers(folder: Path, taken: TakenBackup) -> str:
    """Return the first segment between the backup's start and end that *folder* lacks; empty if none."""
    size, end = segment_bytes(taken), _end(taken)
    begin = position(taken.start.lsn) if taken.start else position(end.lsn)
    for number in range(begin // size, (position(end.lsn) - 1) // size + 1):
        segment = WalSegment(end.timeline, number, size)
        if not (folder / segment.name).exists():
            return f"{segment.name} ({lsn_text(segment.start)})"
    return ""


def followed(found: Course) -> int:
    """Return the timeline that the recovery ends on."""
    return found.log.timelines[-1]
