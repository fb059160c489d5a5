"""The journal of a host, read by `journalctl` from where it was left.

A position is a cursor, which the journal gives for each entry. journalctl exits at the end of the journal and
is restarted at the next look: one that waits for more would hold open files that are to be vacuumed.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

import structlog

from toban.chapters.logs.formats.journald import JOURNAL
from toban.engine.clock import Clock
from toban.faces.agent.courier import Parcel
from toban.faces.agent.files.cutting import MOST
from toban.faces.agent.files.positions import PositionFolder
from toban.faces.agent.journal.entries import JournalEntry
from toban.faces.agent.journal.journalctl import empty, entries

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PendingJournalBatch:
    """A batch that is being sent: recorded before the first attempt, so that every attempt sends the same."""

    key: str
    until: str
    """The cursor of its last entry."""
    count: int
    at: str


@dataclass(frozen=True, slots=True)
class JournalMark:
    """How far the journal has been sent."""

    cursor: str = ""
    """The cursor of the last entry that the server has acknowledged; empty if there is none."""
    pending: PendingJournalBatch | None = None


class Marks(PositionFolder):
    """The file that holds the mark."""

    def __init__(self, folder: Path) -> None:
        """Lock *folder*, or raise `PositionsUnusable`."""
        super().__init__(folder, "journal.json")

    def load(self) -> JournalMark:
        """Return the saved mark; an empty one on the first start. Raises `PositionsUnusable`."""
        try:
            written = self.read()
            pending = written["pending"]
            return JournalMark(str(written["cursor"]), PendingJournalBatch(**pending) if pending else None)
        except FileNotFoundError:
            return JournalMark()
        except (OSError, ValueError, KeyError, TypeError) as flaw:
            raise self.unreadable(flaw) from flaw

    def save(self, mark: JournalMark) -> None:
        """Save *mark*; once this returns, it survives a power cut. Raises `NotKept`."""
        self.write(asdict(mark))


class Journal:
    """The entries that *journalctl*, a command with its options, prints. Used by one thread."""

    def __init__(self, journalctl: Sequence[str], marks: Marks, clock: Clock) -> None:
        """Continue from the saved *marks*; raises `PositionsUnusable`."""
        self._journalctl = journalctl
        self._marks = marks
        self._clock = clock
        self._mark = marks.load()
        self._body: bytes | None = None
        self._was_sent = self._mark.pending is not None
        self._entries: Generator[JournalEntry] | None = None
        self._next: JournalEntry | None = None
        self._vacuumed = ""
        """The last cursor that was reported as gone."""
        self.ahead = timedelta()
        """How far this host's clock is ahead of the clock used for the batches' times."""

    def now(self) -> datetime:
        """Return this host's time, uncorrected."""
        return self._clock()

    def ready(self) -> Parcel | None:
        """Return what to send next, which is saved first; None if there is nothing.

        Raises `JournalUnreadable` and `NotKept`.
        """
        if self._mark.pending is not None and self._body is None:
            self._read_again(self._mark.pending)
        if self._mark.pending is None:
            self._note()
        pending = self._mark.pending
        if pending is None or self._body is None:
            return None
        parcel = Parcel(JOURNAL, pending.key, pending.at, self._body, self._was_sent)
        self._was_sent = True
        return parcel

    def acknowledge(self) -> None:
        """Advance past the pending batch."""
        if self._mark.pending is not None:
            self._keep(JournalMark(self._mark.pending.until))
        self._body, self._was_sent = None, False

    def note_anew(self) -> None:
        """Make the pending batch a new batch, dated now; nothing of the old one was stored."""
        if self._mark.pending is not None:
            anew = replace(self._mark.pending, key=uuid4().hex, at=self._at())
            self._keep(replace(self._mark, pending=anew))
        self._was_sent = False

    def rest(self) -> None:
        """Close the journal; the next read continues from the saved mark."""
        if self._entries is not None:
            # This ends journalctl.
            self._entries.close()
        self._entries, self._next = None, None

    def close(self) -> None:
        """Close the journal and release the folder."""
        self.rest()
        self._marks.close()

    def _note(self) -> None:
        found = list(self._batch(MOST))
        if found:
            pending = PendingJournalBatch(uuid4().hex, found[-1].cursor, len(found), self._at())
            self._keep(replace(self._mark, pending=pending))
            self._body = b"".join(entry.line for entry in found)

    def _read_again(self, pending: PendingJournalBatch) -> None:
        """Read *pending* from the journal again, unless it was vacuumed."""
        found = self._left_of(pending)
        if len(found) < pending.count:
            log.warning("journal_rest_not_found", count=pending.count - len(found))
        if found:
            # The rest keeps the batch's key: the server may have stored the batch and recognises it by the
            # key.
            self._body = b"".join(each.line for each in found)
        else:
            self._vacuumed = pending.until
            self._keep(JournalMark(pending.until))
            self._was_sent = False

    def _left_of(self, pending: PendingJournalBatch) -> list[JournalEntry]:
        found: list[JournalEntry] = []
        for entry in self._batch(MOST):
            found.append(entry)
            if entry.cursor == pending.until:
                return found
            if len(found) == pending.count:
                break
        # Its last entry is gone. Journal files are vacuumed one by one, so entries before it may be left in
        # other files.
        self.rest()
        with closing(entries(self._journalctl, pending.until)) as told:
            behind = next(told, None)
        return list(takewhile(lambda each: behind is None or each.cursor != behind.cursor, found))

    def _batch(self, most: int) -> Iterator[JournalEntry]:
        """Yield entries of *most* bytes together, at least one; none at the end of the journal."""
        if self._entries is None:
            self._entries = self._behind(self._mark.cursor)
        size = 0
        while True:
            entry = self._next or next(self._entries, None)
            self._next = None
            if entry is None:
                self._entries = None
                return
            if size and size + len(entry.line) > most:
                self._next = entry
                return
            size += len(entry.line)
            yield entry

    def _behind(self, cursor: str) -> Generator[JournalEntry]:
        """Yield the entries after *cursor*; raises `JournalUnreadable`, also if there is no entry at all."""
        found = False
        with closing(entries(self._journalctl, cursor)) as told:
            for entry in told:
                if not found and cursor not in ("", entry.cursor):
                    self._tell_vacuumed(cursor)
                found = True
                if entry.cursor != cursor:
                    yield entry
        if not found:
            raise empty()

    def _tell_vacuumed(self, cursor: str) -> None:
        """Log once that the position up to which everything was sent is gone, and maybe more."""
        if cursor != self._vacuumed:
            self._vacuumed = cursor
            log.warning("journal_vacuumed", behind=cursor)

    def _at(self) -> str:
        return (self._clock() - self.ahead).isoformat(timespec="milliseconds")

    def _keep(self, mark: JournalMark) -> None:
        self._marks.save(mark)
        self._mark = mark
