"""The settings of a clean-up of log files in `toban.toml`, and the orders that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from toban.chapters.batch.kinds.cleanup.patterns import Pattern
from toban.chapters.batch.kinds.cleanup.rules import DiskRoom, RetentionLimit, read_room
from toban.engine.bindings.section import invalid
from toban.engine.runs.kinds import BatchBinding, Site
from toban.message import Message


def _several(written: object) -> object:
    return (written,) if isinstance(written, str) else written


def _room(written: str) -> str:
    if written and read_room(written) is None:
        raise invalid(Message("batch.not-a-room"), Message("batch.write-a-room"))
    return written


Paths = Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Orders:
    """A clean-up with its bindings."""

    site: Site
    patterns: Mapping[str, tuple[Pattern, ...]]
    """By the name of the kind of log, like the limits."""
    limits: Mapping[str, RetentionLimit]
    archive: Path | None
    """Where the files are moved to; None: they are deleted."""
    room: DiskRoom | None


class CleanupBatch(BatchBinding):
    """`kind = "cleanup"`."""

    paths: dict[str, Paths] = Field(min_length=1)
    """A kind of log in the document → its files, with wildcards."""
    archive: str = ""
    """A folder to move the files to; empty: they are deleted."""
    free_at_least: Annotated[str, AfterValidator(_room)] = ""
    """How much of the disk must be free afterwards (20%, 10GB); else the run fails, which is notified."""
