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


def is_kin(path: Path, place: Path) -> bool:
    """Say whether the file at *path* may have been at *place*, by its name. It need not be there any more."""
    return path.parent == place.parent and path.name.startswith(place.name.partition(".")[0])


def was_at(path: Path, place: Path) -> bool:
    """Say whether *path* is the name of a file rotated from *place*: app.log.1, app.log-20261126.gz."""
    return path.parent == place.parent and path.name.startswith((f"{place.name}.", f"{place.name}-"))


def latest_kin(place: Path) -> list[Path]:
    """Return the files that may have been at *place*, the most recently written first."""
    return sorted((each for each in _beside(place) if is_kin(each, place)), key=written, reverse=True)


def rotated(place: Path) -> list[Path]:
    """Return the files next to *place* that were it, by their names."""
    return [each for each in _beside(place) if was_at(each, place)]


def identity_of(path: Path) -> Identity | None:
    """Return the device and inode of the file at *path*; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def written(path: Path) -> float:
    """Return when the file at *path* was last written to, in seconds since 1970; 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _beside(place: Path) -> list[Path]:
    try:
        return sorted(place.parent.iterdir())
    except OSError:
        # The folder is gone, and its files with it.
        return []
