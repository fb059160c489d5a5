"""The log files of a host, followed through rotation: by rename, by copy and truncate, across restarts.

A file is what its inode and its bytes say, not its name. One that was renamed away is read to its end; of one
that was emptied the rest is looked for in the copy that logrotate made of it before, and of one that was
packed, in what it was packed into.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import uuid4

import structlog

from toban.engine.clock import Clock
from toban.faces.agent import fingerprint, places
from toban.faces.agent.cutting import MOST, body_of, end_of
from toban.faces.agent.log_file import NEVER, Identity, LogFile, NoLog, Stamp
from toban.faces.agent.packed import Desk, PackedFile, is_packed
from toban.faces.agent.positions import Pending, Position, Positions, Standing
from toban.faces.agent.unfinished import Unfinished

_PATIENCE = 30.0
"""Seconds after which a last line without an end is taken as one."""

_LINGER = 60.0
"""Seconds that a file is held which has left its place and does not grow: its writer may not know yet."""

_COARSE = 1.0
"""Seconds by which a file system's times may lag behind the clock."""

_MOST_FILES = 500
"""Each is held open."""

_MOST_WAITING = 50
"""Positions kept of files of which only packed ones are left that can't be read."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Tailed:
    """A file and how far it has been sent."""

    file: LogFile
    position: Position
    place: Path | None = None
    """Where the patterns lead to it; None: nowhere, it has left."""
    was_sent: bool = False
    """Whether its pending batch may have reached the server."""
    stamp: Stamp = NEVER
    grew_at: float = 0.0
    owed: int = 0
    """Bytes that were there when the latest file came to its place: they go before that one's."""

    @property
    def unread(self) -> int:
        size, _ = self.stamp
        return size - self.position.offset

    @property
    def is_packed(self) -> bool:
        return isinstance(self.file, PackedFile)


class Tail:
    """The files that *patterns* lead to. One thread uses it."""

    def __init__(
        self,
        patterns: Sequence[str],
        positions: Positions,
        clock: Clock,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on where the *positions* are; raises `PositionsUnusable`."""
        self._patterns = patterns
        self._positions = positions
        self._clock = clock
        self._elapsed = elapsed
        self._tailed: dict[Identity, Tailed] = {}
        standing = positions.load()
        self._looked_at = standing.looked_at
        self._saved = list(standing.files)
        self._unclaimed = list(standing.files)
        self._waiting: list[Position] = []
        self._unfinished = Unfinished()
        self._desk = Desk()
        self._complained: set[str] = set()
        self.ahead = timedelta()
        """How far this host's clock is ahead of the one by which lines without a time are noted."""

    def now(self) -> datetime:
        """Return this host's time, as wrong as it is."""
        return self._clock()

    def look(self) -> None:
        """Find out what has become of the files, and which are new."""
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
            claimed = self._claim(path)
            if claimed is None:
                new.append(path)
            elif claimed.path != str(path) or claimed.head.length == 0:
                # An empty one has but its inode to be known by, which packing it set free for another.
                lost.add(claimed.path)
        lost |= {each.path for each in self._unclaimed}
        self._find_rests()
        for lost_path in lost:
            self._take_up_what_passed(Path(lost_path))
        for path in new:
            self._take_up(path, path, is_here=True)
        self._let_go()
        self._looked_at = began

    def ready(self) -> list[Tailed]:
        """Return the files with something to send, what it is kept first; nothing is sent before.

        A file waits for those that had its place before: lines that name no time get that of their reading,
        and would otherwise come before older ones.
        """
        owing: set[str] = set()
        # Of packed files one at a time: a second would have to be unpacked from its beginning for each batch.
        is_desk_free = not any(each.is_packed and each.position.pending for each in self._tailed.values())
        for tailed in sorted(self._tailed.values(), key=_age):
            position = tailed.position
            is_due = position.pending is None and tailed.unread > 0 and position.path not in owing
            if is_due and (is_desk_free or not tailed.is_packed):
                self._cut(tailed)
                is_desk_free = is_desk_free and not tailed.is_packed
            # Whatever is written to an old file later holds up no other.
            is_waiting = tailed.position.pending or (tailed.is_packed and tailed.unread > 0)
            if is_waiting and position.offset < tailed.owed:
                owing.add(position.path)
        self.save()
        return [tailed for tailed in self._tailed.values() if tailed.position.pending]

    def body(self, tailed: Tailed) -> bytes | None:
        """Return what is pending of *tailed*, as it is to be sent; empty where it says nothing.

        None where the file was emptied just now: the next look sees to it.
        """
        position = tailed.position
        batch = tailed.file.read(position.offset, position.needs - position.offset)
        if tailed.file.has(position):
            return body_of(batch)
        # Written to within one tick of the clock, its stamp may tell nothing.
        tailed.stamp = NEVER
        return None

    def acknowledge(self, tailed: Tailed) -> None:
        """Move on behind what was pending."""
        end = tailed.position.needs
        behind = tailed.file.behind(end)
        tailed.position = replace(tailed.position, offset=end, behind=behind, pending=None)
        tailed.was_sent = False

    def note_anew(self, tailed: Tailed) -> None:
        """Note what is pending of *tailed* as another batch of now; of the former nothing was stored."""
        if tailed.position.pending:
            tailed.position = replace(tailed.position, pending=self._pending(tailed.position.needs))
        tailed.was_sent = False

    def save(self) -> None:
        """Keep how far all is; raises `OSError`."""
        positions = [*(tailed.position for tailed in self._tailed.values()), *self._waiting]
        if positions != self._saved:
            self._positions.save(Standing(positions, self._looked_at))
            self._saved = positions

    def close(self) -> None:
        """Let go of all files."""
        for tailed in self._tailed.values():
            tailed.file.close()
        self._tailed = {}
        self._positions.close()

    def _here(self) -> dict[Identity, Path]:
        """Return the files that the patterns lead to."""
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

    def _check(self, tailed: Tailed) -> None:
        """Look whether *tailed* has grown, or was emptied."""
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
        log.info("log_emptied", path=tailed.position.path)
        self._unclaimed.append(tailed.position)
        tailed.position = _beginning(tailed.file, tailed.position.path)
        tailed.was_sent, tailed.owed = False, 0

    def _extend_head(self, tailed: Tailed) -> None:
        if tailed.position.head.length < fingerprint.HEAD:
            tailed.position = replace(tailed.position, head=tailed.file.head())

    def _claim(self, path: Path) -> Position | None:
        """Go on with the file at *path* where it was left; return where, None if it is none that was left."""
        possible = [each for each in self._unclaimed if _is_at(path, each)]
        file = self._open(path) if possible else None
        if file is None:
            return None
        for position in possible:
            if file.has(position):
                self._unclaimed.remove(position)
                self._follow(file, position, path)
                return position
        file.close()
        return None

    def _find_rests(self) -> None:
        """Go on with what was left, where it is found; what may yet be found waits."""
        waiting = [position for position in (*self._waiting, *self._unclaimed) if self._find_rest(position)]
        for position in waiting[:-_MOST_WAITING]:
            log.warning("log_rest_not_found", path=position.path, sent=position.offset)
        self._waiting, self._unclaimed = waiting[-_MOST_WAITING:], []
        if not waiting:
            self._unfinished.forget()

    def _find_rest(self, position: Position) -> bool:
        """Look for a file that left its place, by another name, as a copy or packed, and go on with it.

        Say whether to look again: it may be one that can't be read to its end yet.
        """
        may_come = False
        # Of files that begin alike the latest: an older one was read to its end long ago.
        latest = places.latest_kin(Path(position.path))
        for path in sorted(latest, key=lambda each: not _is_at(each, position)):
            # Of an empty file there is no copy to be known.
            is_possible = position.head.length > 0 or _is_at(path, position)
            file = self._open(path) if is_possible else None
            if file is None:
                continue
            if file.identity in self._tailed or not self._unfinished.may_be(file, position):
                file.close()
                continue
            if not self._unfinished.has_end(file, str(path)):
                may_come = True
            elif file.has(position):
                log.info("log_rest_found", path=position.path, at=path.name)
                self._follow(file, position)
                return False
            else:
                self._unfinished.rule_out(file, position)
            file.close()
        if not may_come:
            log.warning("log_rest_not_found", path=position.path, sent=position.offset)
        return may_come

    def _take_up_what_passed(self, place: Path) -> None:
        """Begin with files that came to *place* and left it again since the last look."""
        since = self._looked_at
        if since is None:
            return
        for path in places.rotated(place):
            try:
                was_written = path.stat().st_mtime >= since - _COARSE
            except OSError:
                continue
            if was_written:
                self._take_up(path, place)

    def _take_up(self, path: Path, place: Path, *, is_here: bool = False) -> None:
        """Begin with the file at *path*, as one of *place*, unless it is a copy of one that is followed."""
        file = self._open(path)
        if file is None:
            return
        is_known = file.identity in self._tailed or any(
            self._is_copy(file, path, each) for each in self._tailed.values()
        )
        if is_known or not self._unfinished.has_end(file, str(path)):
            file.close()
            return
        self._follow(file, _beginning(file, str(place)), path if is_here else None)

    def _is_copy(self, file: LogFile, path: Path, of: Tailed) -> bool:
        """Say whether *file* is the copy that is made before *of* is emptied: its rest is read then.

        A packed one is one of *of*, which is held open though its name has gone.
        """
        if path not in places.kin(Path(of.position.path)):
            return False
        if is_packed(path):
            return of.file.begins_as(file)
        return of.position.offset > 0 and file.has(of.position)

    def _follow(self, file: LogFile, position: Position, place: Path | None = None) -> None:
        device, inode = file.identity
        position = replace(position, device=device, inode=inode)
        now = self._elapsed()
        tailed = Tailed(file, position, place, position.pending is not None, file.stamp, now)
        self._tailed[file.identity] = tailed
        self._extend_head(tailed)
        for each in self._tailed.values():
            if each.position.path == position.path:
                each.owed, _ = each.file.stamp

    def _let_go(self) -> None:
        """Close what has left its place, is read to its end and no longer grows."""
        for tailed in list(self._tailed.values()):
            is_over = tailed.unread <= 0 and self._elapsed() - tailed.grew_at > _LINGER
            if tailed.place is None and is_over:
                self._drop(tailed)

    def _drop(self, tailed: Tailed) -> None:
        tailed.file.close()
        del self._tailed[tailed.file.identity]

    def _cut(self, tailed: Tailed) -> None:
        """Note what is to be sent next of *tailed*."""
        offset = tailed.position.offset
        chunk = tailed.file.read(offset, MOST)
        is_last = tailed.is_packed or self._elapsed() - tailed.grew_at > _PATIENCE
        count = end_of(chunk, is_last=is_last)
        if not chunk:
            # It is not what it was: the next look sees to it.
            tailed.stamp = NEVER
        if count:
            tailed.position = replace(tailed.position, pending=self._pending(offset + count))

    def _pending(self, end: int) -> Pending:
        at = (self._clock() - self.ahead).isoformat(timespec="milliseconds")
        return Pending(uuid4().hex, end, at)

    def _open(self, path: Path) -> LogFile | None:
        try:
            return PackedFile(path, self._desk) if is_packed(path) else LogFile(path)
        except FileNotFoundError:
            # It was rotated away just now.
            return None
        except OSError as problem:
            self._complain(path, problem.strerror or "")
        except NoLog as problem:
            self._complain(path, str(problem))
        return None

    def _complain(self, path: Path, reason: str) -> None:
        if str(path) not in self._complained:
            self._complained.add(str(path))
            log.warning("log_not_readable", path=str(path), reason=reason)


def _beginning(file: LogFile, path: str) -> Position:
    device, inode = file.identity
    return Position(path, device, inode, file.head(), 0, fingerprint.of(b""))


def _age(tailed: Tailed) -> tuple[bool, int]:
    """Return what puts the files of one place into the order in which they were there."""
    _, written = tailed.stamp
    return tailed.place is not None, written


def _is_at(path: Path, position: Position) -> bool:
    """Say whether the file at *path* has the inode of *position*; device numbers may change at a boot."""
    try:
        stat = path.stat()
    except OSError:
        return False
    return stat.st_ino == position.inode and (
        stat.st_dev == position.device or path.parent == Path(position.path).parent
    )
