"""How far each log file has been sent, kept on disk: a position moves once the server has acknowledged."""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toban.engine.supervision.home import write_whole
from toban.faces.agent.amiss import Amiss
from toban.faces.agent.files.fingerprint import Fingerprint
from toban.message import Message, message_of


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

    @property
    def needs(self) -> int:
        """The smallest size at which the file can be this one."""
        return self.pending.end if self.pending else self.offset


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
        self._file = folder / name
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

    def read(self) -> Any:
        """Return the file's content; raises `OSError`, for a missing file on the first start."""
        return json.loads(self._file.read_text(encoding="utf-8"))

    def write(self, kept: object) -> None:
        """Write *kept* to the file; once this returns, it survives a power cut. Raises `NotKept`."""
        try:
            write_whole(self._file, json.dumps(kept, indent=1))
            os.fsync(self._folder)
        except OSError as problem:
            raise NotKept(
                Message("agent.position-not-written", file=self._file, reason=problem.strerror),
                Message("agent.check-disk-of-spool"),
            ) from problem

    def unreadable(self, flaw: Exception) -> PositionsUnusable:
        """Return the error to raise for *flaw* in the file."""
        return PositionsUnusable(
            Message("agent.position-unreadable", file=self._file, reason=message_of(flaw)),
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


def _position(written: dict[str, Any]) -> FilePosition:
    pending = written.pop("pending")
    head, behind = Fingerprint(*written.pop("head")), Fingerprint(*written.pop("behind"))
    return FilePosition(
        **written, head=head, behind=behind, pending=PendingFileBatch(**pending) if pending else None
    )
