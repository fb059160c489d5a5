"""How full a folder is that may hold only so much, by the space that its files take."""

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from toban.chapters.monitoring.source import Measurement, SourceKind, Unmeasurable
from toban.design.values.metric import Metric
from toban.engine.bindings.section import Section, beside_the_bindings
from toban.engine.bindings.values import Size
from toban.message import Message

_BLOCK = 512
"""Bytes of a block in `stat`, whatever the file system's own blocks are."""
_MOST = 200_000
"""Files and folders that are looked at; one that holds more is no place to ask every few seconds."""


class FolderConfig(Section):
    """`kind = "folder"`: a folder on this machine, and how much it may hold."""

    example: ClassVar[Mapping[str, str]] = {"path": "/var/log/app", "size": "20GB"}

    path: Annotated[Path, AfterValidator(beside_the_bindings)]
    """The folder. Links within it are not followed, and file systems mounted below it don't count."""
    size: Size
    """What counts as full."""
    instance: str = ""
    """Its name for operators; empty: the path."""
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds for looking at all files."""


class _TooMuch(Exception):
    """It can't be looked at within its bounds; the message says why."""


class FolderSource:
    """One folder. A file with several names is counted once."""

    def __init__(self, config: FolderConfig, most: int = _MOST) -> None:
        self._config = config
        self._most = most

    @property
    def instance(self) -> str:
        return self._config.instance or str(self._config.path)

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Add up what its files take; what can't be looked at makes the sum unknown, not smaller."""
        try:
            used = sum(self._taken())
        except _TooMuch as problem:
            raise Unmeasurable(self._placed(problem.args[0])) from problem
        except OSError as problem:
            why = Message("monitoring.folder-unreadable", reason=problem.strerror or "")
            raise Unmeasurable(self._placed(why)) from problem
        return [Measurement(Metric.DISK_USAGE, self.instance, now, 100 * used / self._config.size)]

    def close(self) -> None:
        """There is nothing to close."""

    def _placed(self, why: Message) -> Message:
        return Message("monitoring.at-place", place=self.instance, said=why)

    def _taken(self) -> Iterator[int]:
        """Yield the bytes of each file and folder below it; raises `OSError`, or `_TooMuch`."""
        until = time.monotonic() + self._config.timeout
        seen = set[int]()
        for found in self._found():
            if found.st_ino in seen:
                continue
            seen.add(found.st_ino)
            if len(seen) > self._most:
                raise _TooMuch(Message("monitoring.folder-too-many", most=self._most))
            if time.monotonic() > until:
                raise _TooMuch(Message("monitoring.folder-too-slow", seconds=self._config.timeout))
            yield found.st_blocks * _BLOCK

    def _found(self) -> Iterator[os.stat_result]:
        # The folder itself may be a link: the operator named it. Those below are opened one inside the other,
        # so that one which is swapped for a link meanwhile is not followed.
        top = os.path.realpath(self._config.path)
        device = Path(top).stat().st_dev
        for _, folders, names, handle in os.fwalk(top, follow_symlinks=False, onerror=_raise_unless_gone):
            within = []
            for name in (*folders, *names):
                try:
                    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if found.st_dev != device:
                    continue
                yield found
                if stat.S_ISDIR(found.st_mode):
                    within.append(name)
            folders[:] = within


def _raise_unless_gone(problem: OSError) -> None:
    """Go on where a folder went away meanwhile."""
    if not isinstance(problem, FileNotFoundError):
        raise problem


KIND = SourceKind(
    config=FolderConfig,
    measures=frozenset((Metric.DISK_USAGE,)),
    build=FolderSource,
    # Few disks are folders with a bound: a proposal for any disk takes the host's own.
    seldom=frozenset((Metric.DISK_USAGE,)),
)
