"""Commands on this machine."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.commands.filling import Act
from toban.engine.runs.commands.place import Refused
from toban.engine.runs.commands.programs import unusable
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import StepFailed
from toban.engine.trial import Doubt
from toban.message import NOTHING, Message, message_of

_MOST_LINES = 1000
_LAST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Here:
    """See `CommandPlace`."""

    folder: Path

    def act(self, arguments: tuple[str, ...]) -> Act:
        """See `CommandPlace`."""
        return LocalCommand(arguments, self.folder)

    def ask(self, arguments: tuple[str, ...], within: float) -> str:
        """See `CommandPlace`. What it writes is kept if it fails."""
        listener = _Listener(within)
        with tempfile.TemporaryFile() as errors:
            try:
                LocalCommand(arguments, self.folder).run(listener, {}, errors)
            except StepFailed as failed:
                retry = failed.reason is not RunReason.NOT_RUNNABLE
                words = _tail(errors) or listener.text
                raise Refused(message_of(failed), words=words, retry=retry) from failed
        return listener.text

    def doubts(self, program: str) -> Iterator[Doubt]:
        """See `CommandPlace`."""
        yield from unusable(program, self.folder)


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, 2)
    errors.seek(max(0, size - _LAST_WORDS))
    return errors.read().decode("utf-8", "replace").strip()


@dataclass
class _Listener:
    """Keeps the end of what a command writes, and ends it when its time is over."""

    seconds: float
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def say(self, text: Message | str) -> None:
        self.lines = [*self.lines, *str(text).splitlines()][-_MOST_LINES:]

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Drop it."""

    def why_stop(self) -> RunReason | None:
        return RunReason.TIMED_OUT if time.monotonic() >= self._end else None
