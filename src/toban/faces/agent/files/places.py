"""Where log files are, and where they go when they are rotated."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from toban.faces.agent.files import packed
from toban.faces.agent.files.held import Identity


def logs(patterns: Sequence[str]) -> Iterator[tuple[str, list[Path]]]:
    """Yield the files that match each pattern; `**` descends into folders.

    Packed files are left out: their lines were read before, or are the rest of a file that was followed.
    """
    for pattern in patterns:
        found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - patterns may be absolute
        yield pattern, [Path(path) for path in found if not path.endswith(packed.ENDINGS)]


def kin(place: Path) -> list[Path]:
    """Return the files next to *place* that may have been it: their names begin as its name does."""
    return _beside(place, place.name.partition(".")[0])


def latest_kin(place: Path) -> list[Path]:
    """Return `kin`, the most recently written first."""
    return sorted(kin(place), key=_written, reverse=True)


def rotated(place: Path) -> list[Path]:
    """Return the files next to *place* that were it, by their names: app.log.1, app.log-20261126.gz."""
    return [
        each for each in _beside(place, place.name) if each.name[len(place.name) :].startswith((".", "-"))
    ]


def identity_of(path: Path) -> Identity | None:
    """Return the device and inode of the file at *path*; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _beside(place: Path, beginning: str) -> list[Path]:
    try:
        return [each for each in sorted(place.parent.iterdir()) if each.name.startswith(beginning)]
    except OSError:
        # The folder is gone, and its files with it.
        return []
