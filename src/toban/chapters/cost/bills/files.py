"""Files of bills: which there are, and whether somebody is still writing them."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from toban.chapters.cost.bill import BillUnknown
from toban.message import Message

MOST_FILES = 2000
_MOST_BYTES = 8 * 2**30


@dataclass(frozen=True, slots=True)
class BillFiles:
    """The files of a bill as they stand."""

    paths: Sequence[Path]
    version: str
    made_at: datetime
    """When the newest of them was written."""


def files_of(pattern: Path) -> BillFiles:
    """Return the files that *pattern* names, or raise `BillUnknown` if there are none, or too many."""
    try:
        paths = sorted(Path(each) for each in glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - absolute
        found = [(path, path.stat()) for path in paths if path.is_file()]
    except OSError as error:
        raise BillUnknown(Message("cost.cannot-read", path=error.filename, why=error.strerror)) from error
    if not found:
        raise BillUnknown(Message("cost.no-file", path=pattern))
    size = sum(stat.st_size for _, stat in found)
    if len(found) > MOST_FILES or size > _MOST_BYTES:
        raise BillUnknown(Message("cost.too-many-files", path=pattern, count=len(found)))
    said = "\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in found)
    newest = max(stat.st_mtime for _, stat in found)
    return BillFiles(
        [path for path, _ in found],
        sha256(said.encode()).hexdigest(),
        datetime.fromtimestamp(newest, UTC),
    )


def demand_unchanged(pattern: Path, version: str) -> None:
    """Raise `BillUnknown` if the files are not those of *version* any more: only half may have been read."""
    if files_of(pattern).version != version:
        raise BillUnknown(Message("cost.being-written", path=pattern), retry=True)
