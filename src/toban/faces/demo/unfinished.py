"""The mark of a home in which the demo's month is being made: a part of one must not go on live."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "unfinished-demo-month"


def is_unfinished(home: Path) -> bool:
    """Return whether the making of the month was broken off in *home*."""
    return (home / _NAME).exists()


@contextmanager
def unfinished(home: Path) -> Iterator[None]:
    """Mark *home* until the block has ended well: a killed process leaves the mark."""
    (home / _NAME).touch()
    yield
    (home / _NAME).unlink()
