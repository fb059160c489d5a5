"""Where log files are, and where they go when they are rotated."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from toban.faces.agent import packed

_PACKED = (".gz", ".xz", ".bz2", ".zst", ".zip", ".lz4")
"""No patterns lead to these: their lines were read before, or are the rest of a file that was followed."""

_UNREADABLE = tuple(each for each in _PACKED if each not in packed.ENDINGS)


def logs(patterns: Sequence[str]) -> Iterator[tuple[str, list[Path]]]:
    """Yield what each pattern leads to; `**` leads into folders."""
    for pattern in patterns:
        found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - patterns may be absolute
        yield pattern, [Path(path) for path in found if not path.endswith(_PACKED)]


def kin(place: Path) -> list[Path]:
    """Return the files beside *place* that may have been it: all that begin as its name does."""
    return _beside(place, place.name.partition(".")[0])


def latest_kin(place: Path) -> list[Path]:
    """Return `kin`, the last written first."""
    return sorted(kin(place), key=_written, reverse=True)


def rotated(place: Path) -> list[Path]:
    """Return the files beside *place* that by their names were it: app.log.1, app.log-20261126.gz."""
    return [
        each for each in _beside(place, place.name) if each.name[len(place.name) :].startswith((".", "-"))
    ]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _beside(place: Path, beginning: str) -> list[Path]:
    try:
        return [
            each
            for each in sorted(place.parent.iterdir())
            if each.name.startswith(beginning) and not each.name.endswith(_UNREADABLE)
        ]
    except OSError:
        # The folder has gone; then there is nothing beside.
        return []
