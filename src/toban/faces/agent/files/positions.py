"""How far each log file has been sent, kept on disk: a position moves once the server has acknowledged."""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import structlog

from toban.engine.supervision.home import write_whole
from toban.faces.agent.amiss import Amiss
from toban.faces.agent.files import fingerprint
from toban.faces.agent.files.fingerprint import Fingerprint
from toban.message import Message, message_of

_SENT = "sent.json"

log = structlog.get_logger(__name__)

_MOST_PASSED = 4
"""Earlier offsets to keep. Tools empty a file right after copying it: few batches are sent in between."""


class PositionsUnusable(Amiss):
    """The positions can't be used; continuing without them would send everything again."""


class NotKept(Amiss):
    """The positions can't be written: nothing is sent that could not be recognised later."""


@dataclass(frozen=True, slots=True)
class PendingFileBatch:
    """A batch that is being sent: recorded before the first attempt, so that every attempt sends the same."""

    key: str
    """The key by which the server recognises the batch."""
    end: int
    at: str
    """When it was read, as ISO 8601: used for lines without a timestamp."""


class PassedOffset(NamedTuple):
    """An earlier offset of a file. By it, a copy is recognised that was made before the latest lines."""

    offset: int
    behind: Fingerprint
    """The fingerprint of the bytes right before it."""


@dataclass(frozen=True, slots=True)
class FilePosition:
    """How far one file has been sent."""

    path: str
    """Where it was first seen."""
    device: int
    inode: int
    head: Fingerprint
    offset: int
    """Bytes that the server has acknowledged."""
    behind: Fingerprint
    """The fingerprint of the bytes right before the offset."""
    pending: PendingFileBatch | None = None
    passed: tuple[PassedOffset, ...] = ()
    """The end of the first line, and the latest earlier offsets."""

    @property
    def needs(self) -> int:
        """The smallest size at which the file can be this one."""
        return self.pending.end if self.pending else self.offset

    def is_at(self, path: Path) -> bool:
        """Say whether the file at *path* has this inode; device numbers may change on reboot."""
        try:
            stat = path.stat()
        except OSError:
            return False
        return stat.st_ino == self.inode and (
            stat.st_dev == self.device or path.parent == Path(self.path).parent
        )

    def cut(self, pending: PendingFileBatch, read: bytes) -> Self:
        """Return the position with a *pending* batch, which begins with the bytes *read*."""
        first = read.find(b"\n") + 1 or len(read)
        passed = self.passed if self.offset else (PassedOffset(first, _end(read[:first])),)
        return replace(self, pending=pending, passed=passed)

    def advanced(self, read: bytes) -> Self:
        """Return the position after the pending batch; *read* is that batch, and before it what is `behind`.

        The file is not asked: it may have been emptied since.
        """
        passed = self.passed
        if self.offset:
            passed = (*passed[:1], *passed[1:][2 - _MOST_PASSED :], PassedOffset(self.offset, self.behind))
        return replace(self, offset=self.needs, behind=_end(read), pending=None, passed=passed)


def _end(read: bytes) -> Fingerprint:
    return fingerprint.of(read[-fingerprint.BEHIND :])


class SentFile(NamedTuple):
    """A file that was sent whole, by its content."""

    head: Fingerprint
    size: int
    behind: Fingerprint
    """The fingerprint of its last bytes."""


@dataclass(frozen=True, slots=True)
class FilePositions:
    """How far all files have been sent."""

    files: Sequence[FilePosition]
    looked_at: float | None
    """When the files were last looked at, in seconds since 1970; None: never."""


class PositionFolder:
    """A folder with a file that records how far everything was sent. One process at a time holds it."""

    def __init__(self, folder: Path, name: str) -> None:
        """Lock *folder*, or raise `PositionsUnusable`."""
        self._place = folder
        self._name = name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as problem:
            raise PositionsUnusable(
                Message("agent.spool-not-writable", folder=folder, reason=problem.strerror),
                Message("agent.choose-writable-spool"),
            ) from problem
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._folder)
            raise PositionsUnusable(
                Message("agent.spool-in-use", folder=folder), Message("agent.stop-it-or-choose-spool")
            ) from None

    def read(self, name: str = "") -> Any:
        """Return the content of its file, or of the one called *name*.

        Raises `OSError`, for a missing file on the first start.
        """
        return json.loads((self._place / (name or self._name)).read_text(encoding="utf-8"))

    def write(self, kept: object, name: str = "") -> None:
        """Write *kept* to the file; once this returns, it survives a power cut. Raises `NotKept`."""
        file = self._place / (name or self._name)
        try:
            write_whole(file, json.dumps(kept, indent=None if name else 1))
            os.fsync(self._folder)
        except OSError as problem:
            raise NotKept(
                Message("agent.position-not-written", file=file, reason=problem.strerror),
                Message("agent.check-disk-of-spool"),
            ) from problem

    def unreadable(self, flaw: Exception) -> PositionsUnusable:
        """Return the error to raise for *flaw* in the file."""
        return PositionsUnusable(
            Message("agent.position-unreadable", file=self._place / self._name, reason=message_of(flaw)),
            Message("agent.delete-position-to-send-all"),
        )

    def close(self) -> None:
        """Release the folder for another process."""
        os.close(self._folder)


class Positions(PositionFolder):
    """The positions of the log files."""

    def __init__(self, folder: Path) -> None:
        """Lock *folder*, or raise `PositionsUnusable`."""
        super().__init__(folder, "positions.json")

    def load(self) -> FilePositions:
        """Return the saved positions; none on the first start. Raises `PositionsUnusable`."""
        try:
            written = self.read()
            return FilePositions([_position(each) for each in written["files"]], float(written["looked_at"]))
        except FileNotFoundError:
            return FilePositions([], None)
        except (OSError, ValueError, KeyError, TypeError) as flaw:
            raise self.unreadable(flaw) from flaw

    def save(self, standing: FilePositions) -> None:
        """Save *standing*; once this returns, it survives a power cut. Raises `NotKept`."""
        self.write({"looked_at": standing.looked_at, "files": [asdict(each) for each in standing.files]})

    def load_sent(self) -> Sequence[SentFile]:
        """Return the files that were sent whole; none if that can't be read."""
        try:
            return [
                SentFile(Fingerprint(*head), size, Fingerprint(*behind))
                for head, size, behind in self.read(_SENT)
            ]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as flaw:
            log.warning("sent_files_forgotten", reason=str(flaw))
            return []

    def save_sent(self, files: Sequence[SentFile]) -> None:
        """Save *files*; once this returns, they survive a power cut. Raises `NotKept`."""
        self.write(files, _SENT)


def _position(written: dict[str, Any]) -> FilePosition:
    pending = written.pop("pending")
    head, behind = Fingerprint(*written.pop("head")), Fingerprint(*written.pop("behind"))
    # Earlier versions kept none.
    passed = [PassedOffset(at, Fingerprint(*before)) for at, before in written.pop("passed", ())]
    return FilePosition(
        **written,
        head=head,
        behind=behind,
        pending=PendingFileBatch(**pending) if pending else None,
        passed=tuple(passed),
    )
