"""The journal of a host, read by `journalctl` from where it was left.

A place in it is a cursor, as the journal itself gives one for each entry. journalctl ends where the journal
does, and is started anew at the next look: one that waits for more would hold open what is to be vacuumed.
"""

import os
import subprocess
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple
from uuid import uuid4

import orjson
import structlog

from toban.chapters.logs.limits import LONGEST_LINE
from toban.chapters.logs.origins import JOURNAL
from toban.engine.clock import Clock
from toban.faces.agent.courier import Parcel
from toban.faces.agent.cutting import MOST
from toban.faces.agent.positions import Kept

_LONGEST_ENTRY = 16 * 1024 * 1024
"""Bytes of an entry that are read; one with a core dump in it is longer."""

_LONGEST_FIELD = 4096
"""Bytes of a field beside the message, of an entry that is too long for the server."""

_LONGEST_FIELDS = LONGEST_LINE // 8
"""Bytes of all of these together."""

_LONGEST_MESSAGE = LONGEST_LINE // 8
"""Characters: written in JSON one takes up to six bytes."""

log = structlog.get_logger(__name__)


class JournalUnreadable(Exception):
    """journalctl said that it can't be read, and why."""


class Entry(NamedTuple):
    """One entry as it is sent, and where it stands."""

    cursor: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """A batch that is being sent: noted before the first attempt, so that every attempt sends the same."""

    key: str
    until: str
    """The cursor of its last entry."""
    count: int
    at: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the journal has been sent."""

    cursor: str = ""
    """Of the last entry that the server has acknowledged; empty: nothing was."""
    pending: Pending | None = None


class Marks(Kept):
    """The file that holds it."""

    def __init__(self, folder: Path) -> None:
        """Take *folder*, or raise `PositionsUnusable`."""
        super().__init__(folder, "journal.json")

    def load(self) -> Mark:
        """Return what was kept; nothing at the first start. Raises `PositionsUnusable`."""
        try:
            written = self.read()
            pending = written["pending"]
            return Mark(str(written["cursor"]), Pending(**pending) if pending else None)
        except FileNotFoundError:
            return Mark()
        except (OSError, ValueError, KeyError, TypeError) as flaw:
            raise self.unreadable(flaw) from flaw

    def save(self, mark: Mark) -> None:
        """Keep *mark*; when this returns it survives a power cut. Raises `OSError`."""
        self.write(asdict(mark))


class Journal:
    """The entries that *journalctl*, a command with its options, tells. One thread uses it."""

    def __init__(self, journalctl: Sequence[str], marks: Marks, clock: Clock) -> None:
        """Go on where the *marks* are; raises `PositionsUnusable`."""
        self._journalctl = journalctl
        self._marks = marks
        self._clock = clock
        self._mark = marks.load()
        self._body: bytes | None = None
        self._was_sent = self._mark.pending is not None
        self._entries: Generator[Entry] | None = None
        self._next: Entry | None = None
        self.ahead = timedelta()
        """How far this host's clock is ahead of the one by which batches are noted."""

    def now(self) -> datetime:
        """Return this host's time, as wrong as it is."""
        return self._clock()

    def ready(self) -> Parcel | None:
        """Return what is to be sent next, which is kept first; None where there is nothing.

        Raises `JournalUnreadable`, and `OSError` where it can't be kept.
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
        """Move on behind what was pending."""
        if self._mark.pending is not None:
            self._keep(Mark(self._mark.pending.until))
        self._body, self._was_sent = None, False

    def note_anew(self) -> None:
        """Note what is pending as another batch of now; of the former nothing was stored."""
        if self._mark.pending is not None:
            anew = replace(self._mark.pending, key=uuid4().hex, at=self._at())
            self._keep(replace(self._mark, pending=anew))
        self._was_sent = False

    def rest(self) -> None:
        """Have nothing of the journal open, and go on where it is kept that all is."""
        if self._entries is not None:
            # It ends journalctl.
            self._entries.close()
        self._entries, self._next = None, None

    def close(self) -> None:
        """Let go of all."""
        self.rest()
        self._marks.close()

    def _note(self) -> None:
        found = list(self._batch(MOST))
        if found:
            pending = Pending(uuid4().hex, found[-1].cursor, len(found), self._at())
            self._keep(replace(self._mark, pending=pending))
            self._body = b"".join(entry.line for entry in found)

    def _read_again(self, pending: Pending) -> None:
        """Read what is *pending* from the journal, or let go of it where it was vacuumed away."""
        found: list[Entry] = []
        for entry in self._batch(MOST):
            found.append(entry)
            if entry.cursor == pending.until:
                self._body = b"".join(each.line for each in found)
                return
            if len(found) == pending.count:
                break
        self.rest()
        if not found:
            # There is no journal: it may be away for a while.
            return
        log.warning("journal_rest_not_found", count=pending.count)
        self._keep(Mark(self._mark.cursor))
        self._was_sent = False

    def _batch(self, most: int) -> Iterator[Entry]:
        """Yield entries that are *most* bytes together, at least one; none where the journal ends."""
        if self._entries is None:
            self._entries = self._from(self._mark.cursor)
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

    def _from(self, cursor: str) -> Generator[Entry]:
        """Yield what stands behind *cursor*; where that is no longer there, what is nearest behind it."""
        # Without `--all` long fields are left out, the message, too.
        command = [*self._journalctl, "--quiet", "--no-pager", "--all", "--output=json"]
        # No pipe: one that nobody reads meanwhile would stop it.
        with os.fdopen(os.memfd_create("journalctl"), "w+b") as said:
            process = subprocess.Popen(
                [*command, *([f"--cursor={cursor}"] if cursor else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
            )
            with process:
                try:
                    if process.stdout is not None:
                        yield from (entry for entry in _entries(process.stdout) if entry.cursor != cursor)
                    process.wait()
                finally:
                    process.kill()
            if process.returncode:
                said.seek(0)
                raise JournalUnreadable(" ".join(said.read().decode(errors="replace").split())[-200:])

    def _at(self) -> str:
        return (self._clock() - self.ahead).isoformat(timespec="milliseconds")

    def _keep(self, mark: Mark) -> None:
        self._marks.save(mark)
        self._mark = mark


def _entries(told: IO[bytes]) -> Iterator[Entry]:
    while line := told.readline(_LONGEST_ENTRY):
        if not line.endswith(b"\n"):
            while (rest := told.readline(_LONGEST_ENTRY)) and not rest.endswith(b"\n"):
                pass
            log.warning("journal_entry_too_long", limit=_LONGEST_ENTRY)
            continue
        try:
            entry = orjson.loads(line)
            cursor = str(entry["__CURSOR"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as flaw:
            log.warning("journal_entry_unreadable", reason=str(flaw))
            continue
        yield Entry(cursor, line if len(line) <= LONGEST_LINE else _shortened(entry))


def _shortened(entry: dict[str, object]) -> bytes:
    """Return *entry* with what the server takes of it: its shortest fields, and its message's beginning."""
    sizes = {name: len(orjson.dumps({name: value})) for name, value in entry.items()}
    short: dict[str, object] = {}
    room = _LONGEST_FIELDS
    for name in sorted(sizes, key=sizes.__getitem__):
        room -= sizes[name]
        if sizes[name] > _LONGEST_FIELD or room < 0:
            break
        short[name] = entry[name]
    message = entry.get("MESSAGE")
    if isinstance(message, str | list):
        short["MESSAGE"] = message[:_LONGEST_MESSAGE]
    return orjson.dumps(short) + b"\n"
