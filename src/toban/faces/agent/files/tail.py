"""The log files of a host, followed through rotation: by rename, by copy and truncate, across restarts.

A file is identified by its inode and its bytes, not its name. A renamed file is read to its end. The rest of
a file that was emptied is read from the copy that logrotate made before; the rest of one that was packed,
from the packed file.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import islice
from pathlib import Path
from uuid import uuid4

import structlog

from toban.engine.clock import Clock
from toban.faces.agent.files import fingerprint, places
from toban.faces.agent.files.cutting import MOST, body_of, end_of, mark_of
from toban.faces.agent.files.held import NEVER, Identity, LogFile, LogUnreadable, NoLog, Stamp
from toban.faces.agent.files.packed import PackedFile, UnpackingDesk, is_packed
from toban.faces.agent.files.positions import FilePosition, FilePositions, PendingFileBatch, Positions
from toban.faces.agent.files.sent import SentFiles
from toban.faces.agent.files.unfinished import UnfinishedFiles
from toban.faces.agent.files.unreadable import UnreadableFiles
from toban.message import Message

_PATIENCE = 30.0
"""Seconds after which a last line without an end counts as complete."""

_LINGER = 60.0
"""Seconds to hold a file that has left its place and does not grow: its writer may not know yet."""

_COARSE = 1.0
"""Seconds by which a file system's timestamps may lag behind the clock."""

_MOST_FILES = 500
"""Each file is held open."""

_MOST_WAITING = 50
"""Positions kept for files of which only unreadable packed files are left."""

log = structlog.get_logger(__name__)


class Rest(IntEnum):
    """The result of a search for the rest of a file; of several results the greatest counts."""

    GONE = 0
    MAY_COME = 1
    """It may be a packed file that can't be read to its end yet."""
    UNREADABLE = 2
    """It may be a file that can't be read now."""
    FOUND = 3


@dataclass(slots=True)
class TailedFile:
    """A file and how far it has been sent."""

    file: LogFile
    position: FilePosition
    place: Path | None = None
    """The path at which the patterns find it; None if it has left its place."""
    was_sent: bool = False
    """Whether its pending batch may have reached the server."""
    stamp: Stamp = NEVER
    grew_at: float = 0.0
    owed: int = 0
    """Bytes it held when the latest file came to its place: they are sent before that file's."""
    next: FilePosition | None = None
    """Its position once the pending batch is acknowledged, as that batch was read."""

    @property
    def unread(self) -> int:
        size, _ = self.stamp
        return size - self.position.offset

    @property
    def is_packed(self) -> bool:
        return isinstance(self.file, PackedFile)


class FileTail:
    """The files that match *patterns*. Used by one thread."""

    def __init__(
        self,
        patterns: Sequence[str],
        positions: Positions,
        clock: Clock,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Continue from the saved *positions*; raises `PositionsUnusable`."""
        self._patterns = patterns
        self._positions = positions
        self._clock = clock
        self._elapsed = elapsed
        self._tailed: dict[Identity, TailedFile] = {}
        standing = positions.load()
        self._looked_at = standing.looked_at
        self._saved = list(standing.files)
        self._unclaimed = list(standing.files)
        self._waiting: list[FilePosition] = []
        self._unfinished = UnfinishedFiles()
        self._desk = UnpackingDesk()
        self._sent = SentFiles(positions.load_sent())
        self._unreadable = UnreadableFiles(elapsed)
        self._complained: set[str] = set()
        self.ahead = timedelta()
        """How far this host's clock is ahead of the clock used for lines without a timestamp."""

    def now(self) -> datetime:
        """Return this host's time, uncorrected."""
        return self._clock()

    def look(self) -> None:
        """Find out what happened to the files, and which are new."""
        began = self._clock().timestamp()
        here = self._here()
        lost = set()
        for identity, tailed in list(self._tailed.items()):
            place = here.get(identity)
            if place != tailed.place:
                lost.add(tailed.position.path)
            tailed.place = place
            self._check(tailed)
        new = []
        for path in [path for identity, path in here.items() if identity not in self._tailed]:
            if self._is_left_alone(path):
                continue
            claimed = self._claim(path)
            if claimed is None:
                new.append(path)
            elif claimed.path != str(path) or claimed.head.length == 0:
                # An empty file is known by its inode only, and packing the file frees that inode for another.
                lost.add(claimed.path)
        lost |= {each.path for each in self._unclaimed}
        self._find_rests()
        for lost_path in lost:
            self._take_up_what_passed(Path(lost_path))
        for path in new:
            self._take_up(path, path, is_here=True)
        self._let_go()
        self._unreadable.forget_untried()
        self._looked_at = began

    def amiss(self) -> Message:
        """Return which files can't be read, for the operator; nothing if all can."""
        return self._unreadable.told()

    def ready(self) -> list[TailedFile]:
        """Return the files with something to send; their batches are saved before anything is sent.

        A file waits for those that had its place before: lines without a timestamp get the time of reading,
        and would otherwise come before older ones.
        """
        owing: set[str] = set()
        # One packed file at a time: with two, each would be unpacked from its beginning for every batch.
        is_desk_free = not any(each.is_packed and each.position.pending for each in self._readable())
        for tailed in sorted(self._readable(), key=_age):
            position = tailed.position
            is_due = position.pending is None and tailed.unread > 0 and position.path not in owing
            if is_due and (is_desk_free or not tailed.is_packed):
                with self._reading(tailed):
                    self._cut(tailed)
                is_desk_free = is_desk_free and not tailed.is_packed
            # Later writes to an old file hold up no other file.
            is_waiting = tailed.position.pending or (tailed.is_packed and tailed.unread > 0)
            if is_waiting and position.offset < tailed.owed:
                owing.add(position.path)
        self.save()
        return [tailed for tailed in self._readable() if tailed.position.pending]

    def body(self, tailed: TailedFile) -> bytes | None:
        """Return the pending bytes of *tailed*, as they are sent; empty if there is no text.

        None if the file was emptied just now or can't be read: the next look handles it.
        """
        position, tailed.next = tailed.position, None
        before = position.behind.length
        with self._reading(tailed):
            read = tailed.file.read(position.offset - before, position.needs - position.offset + before)
            if tailed.file.has(position):
                tailed.next = position.advanced(read)
                return body_of(read[before:], mark_of(tailed.file.read(0, 2)))
        # If it was written to within one tick of the clock, its stamp may be unchanged.
        tailed.stamp = NEVER
        return None

    def acknowledge(self, tailed: TailedFile) -> None:
        """Advance past the pending batch, whose `body` was sent."""
        if tailed.next is not None:
            tailed.position, tailed.next = tailed.next, None
            tailed.was_sent = False

    def note_anew(self, tailed: TailedFile) -> None:
        """Make the pending batch of *tailed* a new batch, dated now; nothing of the old one was stored."""
        if tailed.position.pending:
            tailed.position = replace(tailed.position, pending=self._pending(tailed.position.needs))
        tailed.was_sent = False

    def save(self) -> None:
        """Save all positions; raises `NotKept`."""
        if self._sent.is_changed:
            self._positions.save_sent(self._sent.latest())
            self._sent.is_changed = False
        positions = [*(tailed.position for tailed in self._tailed.values()), *self._waiting]
        if positions != self._saved:
            self._positions.save(FilePositions(positions, self._looked_at))
            self._saved = positions

    def close(self) -> None:
        """Close all files."""
        for tailed in self._tailed.values():
            tailed.file.close()
        self._tailed = {}
        self._positions.close()

    def _here(self) -> dict[Identity, Path]:
        """Return the files that match the patterns."""
        found: dict[Identity, Path] = {}
        for pattern, paths in places.logs(self._patterns):
            if not paths:
                self._complain(Path(pattern), "nothing is there yet")
            for path in paths:
                try:
                    stat = path.stat()
                except OSError as problem:
                    self._complain(path, problem.strerror or "")
                    continue
                found.setdefault((stat.st_dev, stat.st_ino), path)
        if len(found) > _MOST_FILES:
            self._complain(Path(), f"more than {_MOST_FILES} files: the rest is not read")
        return dict(islice(found.items(), _MOST_FILES))

    def _readable(self) -> list[TailedFile]:
        return [tailed for tailed in self._tailed.values() if tailed.file.identity not in self._unreadable]

    @contextmanager
    def _reading(self, tailed: TailedFile) -> Iterator[None]:
        """Leave *tailed* alone for a while if it can't be read, and check it again then."""
        try:
            yield
        except LogUnreadable as problem:
            tailed.stamp = NEVER
            self._unreadable.note(problem)

    def _is_left_alone(self, path: Path) -> bool:
        identity = places.identity_of(path)
        return identity is not None and self._unreadable.is_left_alone(identity)

    def _check(self, tailed: TailedFile) -> None:
        """Check whether *tailed* has grown or was emptied."""
        if self._unreadable.is_left_alone(tailed.file.identity):
            return
        with self._reading(tailed):
            self._compare(tailed)
            self._unreadable.forget(tailed.file.identity)

    def _compare(self, tailed: TailedFile) -> None:
        stamp = tailed.file.stamp
        if stamp == tailed.stamp:
            return
        tailed.stamp, tailed.grew_at = stamp, self._elapsed()
        if tailed.file.has(tailed.position):
            self._extend_head(tailed)
            return
        if tailed.is_packed:
            self._unclaimed.append(tailed.position)
            self._drop(tailed)
            return
        beginning = _beginning(tailed.file, tailed.position.path)
        log.info("log_emptied", path=tailed.position.path)
        self._unclaimed.append(tailed.position)
        tailed.position = beginning
        tailed.was_sent, tailed.owed = False, 0

    def _extend_head(self, tailed: TailedFile) -> None:
        head = tailed.position.head
        if head.length < fingerprint.HEAD:
            more = tailed.file.read(0, fingerprint.HEAD)
            # It may have been emptied just now.
            if fingerprint.of(more[: head.length]) == head:
                tailed.position = replace(tailed.position, head=fingerprint.of(more))

    def _claim(self, path: Path) -> FilePosition | None:
        """Follow the file at *path* from its saved position; return that, or None if there is none."""
        possible = [each for each in self._unclaimed if each.is_at(path)]
        if not possible:
            return None
        with self._opened(path, is_here=True) as file:
            claimed = next((each for each in possible if file and file.has(each)), None)
            if file and claimed:
                self._follow(file, claimed, path)
                self._unclaimed.remove(claimed)
                return claimed
        return None

    def _find_rests(self) -> None:
        """Look for the files that left their place and follow those found; the others may have to wait."""
        left: dict[Rest, list[FilePosition]] = {rest: [] for rest in Rest}
        for position in (*self._waiting, *self._unclaimed):
            left[self._find_rest(position)].append(position)
        may_come = left[Rest.MAY_COME]
        for position in may_come[:-_MOST_WAITING]:
            log.warning("log_rest_not_found", path=position.path, sent=position.offset)
        self._waiting = [*left[Rest.UNREADABLE], *may_come[-_MOST_WAITING:]]
        self._unclaimed = []
        if not self._waiting:
            self._unfinished.forget()

    def _find_rest(self, position: FilePosition) -> Rest:
        """Look for a file that left its place, under another name, as a copy or packed, and follow it."""
        found = Rest.GONE
        # Of files that begin alike, try the latest first: an older one was read to its end long ago.
        latest = places.latest_kin(Path(position.path))
        for path in sorted(latest, key=lambda each: not position.is_at(each)):
            # A copy of an empty file can't be recognised.
            if position.head.length > 0 or position.is_at(path):
                found = max(found, self._rest_in(path, position))
            if found is Rest.FOUND:
                log.info("log_rest_found", path=position.path, at=path.name)
                return found
        if found is Rest.GONE:
            log.warning("log_rest_not_found", path=position.path, sent=position.offset)
        return found

    def _rest_in(self, path: Path, position: FilePosition) -> Rest:
        """Check whether the file at *path* is the one that *position* describes, and follow it if so."""
        if places.identity_of(path) in self._tailed:
            return Rest.GONE
        if self._is_left_alone(path):
            return Rest.UNREADABLE
        with self._opened(path) as file:
            if file is None or file.identity in self._tailed or not self._unfinished.may_be(file, position):
                return Rest.GONE
            if not self._unfinished.has_end(file, str(path)):
                return Rest.MAY_COME
            # Of a file of which nothing was sent, an older one may have the same first line.
            rest = file.rest_of(position) if position.offset or self._is_recent(path) else None
            if rest or file.has(position):
                self._follow(file, rest or position)
                return Rest.FOUND
            self._unfinished.rule_out(file, position)
            return Rest.GONE
        return Rest.UNREADABLE

    def _take_up_what_passed(self, place: Path) -> None:
        """Follow files that came to *place* and left it again since the last look."""
        for path in places.rotated(place):
            if self._is_recent(path):
                self._take_up(path, place)

    def _is_recent(self, path: Path) -> bool:
        """Say whether the file at *path* was written to since the last look."""
        return self._looked_at is not None and places.written(path) >= self._looked_at - _COARSE

    def _take_up(self, path: Path, place: Path, *, is_here: bool = False) -> None:
        """Follow the file at *path*, as one of *place*, unless it is a copy of a file that is followed."""
        if self._is_left_alone(path):
            return
        with self._opened(path, is_here=is_here) as file:
            if file is None or file.identity in self._tailed:
                return
            is_copy = any(self._is_copy(file, path, each) for each in self._tailed.values())
            if is_copy or not self._unfinished.has_end(file, str(path)):
                return
            if not (is_packed(path) and self._sent.has(file)):
                self._follow(file, _beginning(file, str(place)), path if is_here else None)

    def _is_copy(self, file: LogFile, path: Path, of: TailedFile) -> bool:
        """Say whether *file* is the copy made before *of* is emptied: its rest is read after that.

        A packed file counts as a copy if it was made from *of*, which is still open though its name is gone.
        """
        # By name: a tool that compresses a file may have removed it just now.
        place = Path(of.position.path)
        if not places.is_kin(path, place):
            return False
        if (is_packed(path) or places.was_at(path, place)) and of.file.begins_as(file):
            return True
        return not is_packed(path) and of.position.offset > 0 and file.has(of.position)

    def _follow(self, file: LogFile, position: FilePosition, place: Path | None = None) -> None:
        device, inode = file.identity
        position = replace(position, device=device, inode=inode)
        now = self._elapsed()
        tailed = TailedFile(file, position, place, position.pending is not None, file.stamp, now)
        self._extend_head(tailed)
        self._tailed[file.identity] = tailed
        for each in self._tailed.values():
            if each.position.path == position.path:
                with self._reading(each):
                    each.owed, _ = each.file.stamp

    def _let_go(self) -> None:
        """Close files that have left their place, are read to their end and no longer grow."""
        for tailed in list(self._tailed.values()):
            is_over = tailed.unread <= 0 and self._elapsed() - tailed.grew_at > _LINGER
            if tailed.place is None and is_over and tailed.file.identity not in self._unreadable:
                self._sent.note(tailed.position)
                self._drop(tailed)

    def _drop(self, tailed: TailedFile) -> None:
        tailed.file.close()
        del self._tailed[tailed.file.identity]

    def _cut(self, tailed: TailedFile) -> None:
        """Record the next batch of *tailed*."""
        offset = tailed.position.offset
        chunk = tailed.file.read(offset, MOST)
        is_last = tailed.is_packed or self._elapsed() - tailed.grew_at > _PATIENCE
        count = end_of(chunk, is_last=is_last, mark=mark_of(tailed.file.read(0, 2)))
        if not chunk:
            # The file has changed: the next look handles it.
            tailed.stamp = NEVER
        if count:
            tailed.position = tailed.position.cut(self._pending(offset + count), chunk[:count])

    def _pending(self, end: int) -> PendingFileBatch:
        at = (self._clock() - self.ahead).isoformat(timespec="milliseconds")
        return PendingFileBatch(uuid4().hex, end, at)

    @contextmanager
    def _opened(self, path: Path, *, is_here: bool = False) -> Iterator[LogFile | None]:
        """Open the file at *path*, note it if it can't be read, and close it unless it is followed then."""
        file = self._open(path, is_here=is_here)
        if file is None:
            yield None
            return
        try:
            yield file
            self._unreadable.forget(file.identity)
        except LogUnreadable as problem:
            self._unreadable.note(problem)
        finally:
            tailed = self._tailed.get(file.identity)
            if tailed is None or tailed.file is not file:
                file.close()

    def _open(self, path: Path, *, is_here: bool) -> LogFile | None:
        """Open the file at *path*; if that fails and a pattern matches it, note it as unreadable."""
        try:
            return PackedFile(path, self._desk) if is_packed(path) else LogFile(path)
        except FileNotFoundError:
            # It was rotated away just now.
            return None
        except OSError as problem:
            identity = places.identity_of(path)
            if is_here and identity is not None:
                self._unreadable.note(LogUnreadable(path, identity, problem))
            else:
                self._complain(path, problem.strerror or "")
        except NoLog as problem:
            self._complain(path, str(problem))
        return None

    def _complain(self, path: Path, reason: str) -> None:
        if str(path) not in self._complained:
            self._complained.add(str(path))
            log.warning("log_not_readable", path=str(path), reason=reason)


def _beginning(file: LogFile, path: str) -> FilePosition:
    device, inode = file.identity
    return FilePosition(path, device, inode, file.head(), 0, fingerprint.of(b""))


def _age(tailed: TailedFile) -> tuple[bool, int]:
    """Return the sort key that puts the files of one place in the order in which they were there."""
    _, written = tailed.stamp
    return tailed.place is not None, written
