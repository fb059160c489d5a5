"""Which files are bound to a kind of log: paths with wildcards, below a named folder. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from toban.message import Message

_WILD = frozenset("*?[")
_SHALLOWEST = 2
"""The fewest parts that the folder may have: `/` and `/var` must not be cleaned up."""


class BadPattern(ValueError):
    """The pattern could match files that nobody meant; the message says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Files below *folder* whose path from there matches *parts*, one by one; `**` is any number of parts."""

    written: str
    folder: Path
    parts: tuple[str, ...]

    def matches(self, found: Sequence[str]) -> bool:
        """Whether a file matches, by its parts below the folder. Hidden ones match only a leading dot."""
        return _match(self.parts, tuple(found))

    @property
    def depth(self) -> int | None:
        """The most folders between the folder and its files; None for any number."""
        return None if "**" in self.parts else len(self.parts) - 1


def read_pattern(written: str, base: Path) -> Pattern:
    """Read a path with wildcards; a relative one starts at *base*. Raises `BadPattern`."""
    if ".." in Path(written).parts:
        raise BadPattern(Message("batch.pattern-goes-up", pattern=written))
    parts = (base / written).parts
    # The last part names files, wild or not.
    wild = next((place for place, part in enumerate(parts[:-1]) if _WILD & set(part)), len(parts) - 1)
    folder = Path(*parts[:wild])
    if len(folder.parts) < _SHALLOWEST + 1:
        raise BadPattern(Message("batch.pattern-is-too-wide", pattern=written))
    if parts[-1] == "**":
        raise BadPattern(Message("batch.pattern-names-no-files", pattern=written))
    return Pattern(written, folder, parts[wild:])


def _match(parts: tuple[str, ...], found: tuple[str, ...]) -> bool:
    if not parts:
        return not found
    if parts[0] == "**":
        is_hidden = bool(found) and found[0].startswith(".")
        return _match(parts[1:], found) or (bool(found) and not is_hidden and _match(parts, found[1:]))
    if not found or (found[0].startswith(".") and not parts[0].startswith(".")):
        return False
    return fnmatchcase(found[0], parts[0]) and _match(parts[1:], found[1:])
