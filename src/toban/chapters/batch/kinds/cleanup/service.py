"""Cleaning up log files: list what has expired, remove it with evidence, check whether that is enough."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from toban.chapters.batch.kinds.cleanup import files
from toban.chapters.batch.kinds.cleanup.config import Orders
from toban.chapters.batch.kinds.cleanup.files import RemovalOutcome
from toban.chapters.batch.kinds.cleanup.rules import (
    CleanupFile,
    FileFate,
    RetentionLimit,
    fate,
    last_written,
)
from toban.engine.amounts import size
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import NOTHING, Message, lines, listing, plain, sentences

_MOST = 20_000
"""The most files in one run, the oldest first; the next run removes the rest."""

_SAID = 500
"""The most files that the run's log names one by one."""

_TOLD = 20
"""The most problems that a failure names one by one."""

_KEPT = (FileFate.WITHIN, FileFate.FOREVER, FileFate.OPEN, FileFate.LINKED)


@dataclass(frozen=True, slots=True)
class BoundFile:
    """A file, the bound folder that it lies below (by its real path), and the kinds of log it is bound to."""

    file: CleanupFile
    below: Path
    names: tuple[str, ...]

    def as_json(self) -> list[object]:
        """Return what the next step needs to know."""
        file = self.file
        at = file.changed_at.isoformat()
        return [str(file.path), str(self.below), list(self.names), file.size, at, file.device, file.inode]

    @classmethod
    def of(cls, kept: object) -> "BoundFile":
        """Return the value from what `as_json` returned."""
        match kept:
            case [str(path), str(below), list(names), int(size), str(at), int(device), int(inode)]:
                file = CleanupFile(Path(path), size, datetime.fromisoformat(at), device, inode)
                return cls(file, Path(below), tuple(names))
        raise ValueError(f"not what the step kept: {kept!r}")


@dataclass
class Sum:
    """What happened to a row's files."""

    ends: Counter[RemovalOutcome] = field(default_factory=Counter)
    bytes: int = 0
    paths: list[str] = field(default_factory=list)

    def count(self, file: CleanupFile, end: RemovalOutcome) -> None:
        """Add what happened to *file*."""
        self.ends[end] += 1
        if end is RemovalOutcome.REMOVED:
            self.bytes += file.size
            self.paths.append(str(file.path))

    def said(self, *, is_archived: bool) -> tuple[Message, ...]:
        """Return it for people."""
        code = "batch.files-moved" if is_archived else "batch.files-deleted"
        done = Message(code, count=self.ends[RemovalOutcome.REMOVED], size=size(self.bytes))
        others = (RemovalOutcome.GONE, RemovalOutcome.CHANGED)
        return (done, *_counted(self.ends, others))


def find(orders: Orders, turn: RunTurn) -> object:
    """List the files to remove, and say which and why; nothing is touched."""
    is_dry, zone = _is_dry(turn), orders.site.bindings.system.zone
    bound, opened = _found(orders), files.opened()
    fates = [
        fate(
            each.file, [orders.limits[name] for name in each.names], now=turn.due_at, zone=zone, opened=opened
        )
        for each in bound
    ]
    for name, limit in orders.limits.items():
        its = [one for each, one in zip(bound, fates, strict=True) if name in each.names]
        turn.say(_row_said(limit, its, turn.due_at))
    doomed = [each for each, its in zip(bound, fates, strict=True) if its is FileFate.EXPIRED]
    doomed.sort(key=lambda each: last_written(each.file, zone))
    verb = ("would-be-" if is_dry else "is-") + ("moved" if orders.archive else "deleted")
    for each in doomed[:_SAID]:
        turn.say(Message(f"batch.file-{verb}", file=_file_said(each, zone)))
    if len(doomed) > _SAID:
        turn.say(Message(f"batch.file-{verb}", file=Message("batch.more", count=len(doomed) - _SAID)))
    if len(doomed) > _MOST:
        turn.say(Message("batch.rest-is-left-for-next-run", count=_MOST))
    # A dry run leaves nothing for the next steps to do.
    return {"doomed": [] if is_dry else [each.as_json() for each in doomed[:_MOST]], "dry_run": is_dry}


def _found(orders: Orders) -> Sequence[BoundFile]:
    found: dict[Path, BoundFile] = {}
    troubles = []
    for name, pattern in ((name, each) for name, several in orders.patterns.items() for each in several):
        below = pattern.folder.resolve()
        try:
            for file in files.find(pattern):
                former = found.get(file.path)
                names = dict.fromkeys((*(former.names if former else ()), name))
                found[file.path] = BoundFile(file, below, tuple(names))
        except OSError as error:
            where = f"{name} ({pattern.written}): {error.filename or below}"
            troubles.append(plain(f"{where}: {error.strerror}"))
    if troubles:
        # A place that can't be read may be filling up: that does not count as success.
        raise StepFailed(lines(Message("batch.places-unreadable"), *troubles))
    return list(found.values())


def _row_said(limit: RetentionLimit, fates: Sequence[FileFate], now: datetime) -> Message:
    cutoff, counts = limit.cutoff(now), Counter(fates)
    since = () if cutoff is None else (Message("batch.before", at=cutoff),)
    expired = Message("batch.files-expired", count=counts[FileFate.EXPIRED])
    files = (expired, *_counted(counts, _KEPT))
    return Message("batch.row-of-logs", name=limit.name, limit=(*limit.retentions, *since), files=files)


def _counted[Outcome: StrEnum](counts: Counter[Outcome], outcomes: Sequence[Outcome]) -> Iterator[Message]:
    return (Message(f"batch.files-{each}", count=counts[each]) for each in outcomes if counts[each])


def _file_said(each: BoundFile, zone: ZoneInfo) -> Message:
    written = last_written(each.file, zone).astimezone(zone).date()
    return Message("batch.file", path=each.file.path, details=(*each.names, written, size(each.file.size)))


def remove(orders: Orders, turn: RunTurn) -> object:
    """Remove the files found, if they are still the same, and record what was removed."""
    doomed = [BoundFile.of(each) for each in _doomed(turn)]
    sums = {name: Sum() for name in orders.limits}
    stop, troubles = None, []
    for place, each in enumerate(doomed):
        stop = turn.why_stop()
        if stop is not None:
            break
        turn.progress(
            100 * place / len(doomed), Message("batch.files-so-far", done=f"{place:,}", count=len(doomed))
        )
        archive = orders.archive / each.names[0] if orders.archive is not None else None
        try:
            sums[each.names[0]].count(each.file, files.remove(each.file, each.below, archive))
        except OSError as error:
            troubles.append(plain(f"{each.file.path}: {error.strerror}"))
    _remember(orders, sums, turn)
    if stop is not None:
        raise StepFailed(Message("batch.stopped-midway"), stop)
    if troubles:
        left = len(troubles) - _TOLD
        more = Message("batch.more", count=left) if left > 0 else NOTHING
        failed = Message("batch.files-not-removed", count=len(troubles))
        raise StepFailed(lines(failed, *troubles[:_TOLD], more))
    return {name: {**each.ends, "bytes": each.bytes} for name, each in sums.items()}


def _remember(orders: Orders, sums: Mapping[str, Sum], turn: RunTurn) -> None:
    """Record for each row what this attempt did; a killed attempt leaves only its list behind."""
    records = []
    for name, each in sums.items():
        if each.ends:
            done = each.said(is_archived=orders.archive is not None)
            turn.say(Message("batch.row-is-cleaned", name=name, files=done))
            content = {
                "cleared": name,
                **{str(end): count for end, count in each.ends.items()},
                "bytes": each.bytes,
                "archive": str(orders.archive or ""),
                # Of the removed paths, one per line; the step `find` keeps them.
                "paths_sha256": hashlib.sha256("\n".join(each.paths).encode()).hexdigest(),
                "run": turn.run_id,
            }
            clause_id, digest = orders.limits[name].rows[0].id, orders.site.design.digest
            records.append(
                ledger.Record(LedgerEntry.Kind.AUDIT, content, clause_id=clause_id, document_digest=digest)
            )
    if records:
        ledger.append(*records, now=system_clock())


def check_room(orders: Orders, turn: RunTurn) -> Message:
    """Report what was removed and how much room there is; fail if the files to keep leave too little."""
    told, lacking = [], []
    for folder in _disks(orders):
        usage = shutil.disk_usage(folder)
        percent = f"{100 * usage.free / usage.total:.1f}"
        room = Message("batch.room", folder=folder, free=size(usage.free), percent=percent)
        told.append(room)
        if orders.room is not None and not orders.room.is_kept(usage.free, usage.total):
            lacking.append(room)
    turn.say(listing(told))
    if lacking and not _is_dry(turn):
        raise StepFailed(Message("batch.room-is-short", rooms=lacking))
    went = Message("batch.only-listed") if _is_dry(turn) else Message("batch.cleaned", rows=_went(turn))
    return sentences(went, listing(told))


def _went(turn: RunTurn) -> tuple[Message, ...]:
    """Return what the previous step removed, row by row."""
    match turn.results["remove"]:
        case dict(rows):
            return tuple(
                Message("batch.files-of-row", name=name, count=row.get(RemovalOutcome.REMOVED, 0))
                for name, row in rows.items()
            )
    raise TypeError("the step remove returned no rows")


def _disks(orders: Orders) -> Iterator[Path]:
    """Yield one bound folder per disk."""
    seen = set()
    for pattern in (each for several in orders.patterns.values() for each in several):
        device = pattern.folder.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield pattern.folder


def _is_dry(turn: RunTurn) -> bool:
    wanted = turn.parameters.get("dry_run", "no")
    if wanted not in ("yes", "no"):
        raise StepFailed(Message("batch.dry-run-is-yes-or-no"), RunReason.NOT_RUNNABLE)
    return wanted == "yes"


def _doomed(turn: RunTurn) -> Sequence[object]:
    match turn.results["find"]:
        case {"doomed": list(doomed)}:
            return doomed
    raise TypeError("the step find returned no list")


STEPS: Mapping[str, Callable[[Orders, RunTurn], object]] = {
    "find": find,
    "remove": remove,
    "room": check_room,
}
