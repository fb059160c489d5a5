"""How far each log file has been sent, kept on the disk: a position moves once the server acknowledged."""

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


class PositionsUnusable(Amiss):
    """The positions can't be had; going on without them would send everything again."""


class NotKept(Amiss):
    """How far all is can't be written: nothing is sent that could not be known again."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A batch that is being sent: noted before the first attempt, so that every attempt sends the same."""

    key: str
    """What the server knows the batch again by."""
    end: int
    at: str
    """When it was read, as ISO 8601: the time of lines that have none."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far one file has been sent."""

    path: str
    """Where it was first seen."""
    device: int
    inode: int
    head: Fingerprint
    offset: int
    """Bytes that the server has acknowledged."""
    behind: Fingerprint
    """Of the bytes right before the offset."""
    pending: Pending | None = None

    @property
    def needs(self) -> int:
        """How large the file must be to be this one."""
        return self.pending.end if self.pending else self.offset


@dataclass(frozen=True, slots=True)
class Standing:
    """How far all is."""

    files: Sequence[Position]
    looked_at: float | None
    """When the files were last looked at, in seconds since 1970; None: never."""


class Kept:
    """A folder in which a file says how far all is. One process at a time has it."""

    def __init__(self, folder: Path, name: str) -> None:
        """Take *folder*, or raise `PositionsUnusable`."""
        self._file = folder / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as problem:
            raise PositionsUnusable(
                f"{folder}: ここには書けません ({problem.strerror})",
                "書ける場所を --spool で指定してください",
            ) from problem
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._folder)
            raise PositionsUnusable(
                f"{folder}: 別の toban agent がここを使っています",
                "そちらを止めるか、別の場所を --spool で指定してください",
            ) from None

    def read(self) -> Any:
        """Return what the file says; raises `OSError`, of which a missing one is the first start's."""
        return json.loads(self._file.read_text(encoding="utf-8"))

    def write(self, kept: object) -> None:
        """Have the file say *kept*; when this returns it survives a power cut. Raises `NotKept`."""
        try:
            write_whole(self._file, json.dumps(kept, indent=1))
            os.fsync(self._folder)
        except OSError as problem:
            raise NotKept(
                f"どこまで送ったかを書けません: {self._file} ({problem.strerror})",
                "--spool のあるディスクの空きと権限を確かめてください。それまで送るのを待ちます",
            ) from problem

    def unreadable(self, flaw: Exception) -> PositionsUnusable:
        """Return what to raise where *flaw* is found in the file."""
        return PositionsUnusable(
            f"{self._file}: どこまで送ったかを読めません ({flaw})",
            "このファイルを消すと、いまあるログを初めからすべて送り直します",
        )

    def close(self) -> None:
        """Let another process have them."""
        os.close(self._folder)


class Positions(Kept):
    """How far the log files are."""

    def __init__(self, folder: Path) -> None:
        """Take *folder*, or raise `PositionsUnusable`."""
        super().__init__(folder, "positions.json")

    def load(self) -> Standing:
        """Return what was kept; nothing at the first start. Raises `PositionsUnusable`."""
        try:
            written = self.read()
            return Standing([_position(each) for each in written["files"]], float(written["looked_at"]))
        except FileNotFoundError:
            return Standing([], None)
        except (OSError, ValueError, KeyError, TypeError) as flaw:
            raise self.unreadable(flaw) from flaw

    def save(self, standing: Standing) -> None:
        """Keep *standing*; when this returns it survives a power cut. Raises `NotKept`."""
        self.write({"looked_at": standing.looked_at, "files": [asdict(each) for each in standing.files]})


def _position(written: dict[str, Any]) -> Position:
    pending = written.pop("pending")
    head, behind = Fingerprint(*written.pop("head")), Fingerprint(*written.pop("behind"))
    return Position(**written, head=head, behind=behind, pending=Pending(**pending) if pending else None)
