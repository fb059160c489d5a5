"""Where commands of a team's own run: here, or on another host. What they do, and what they are asked."""

from collections.abc import Iterator
from typing import Protocol

from toban.engine.runs.commands.filling import Act
from toban.engine.trial import Doubt
from toban.message import NOTHING, Message


class NotAnswered(Exception):
    """A command that is asked something did not answer; the message says why.

    `words` is the end of what it wrote; empty if it was not reached. `retry`: whether it may answer later.
    """

    def __init__(
        self, message: Message, *, hint: Message = NOTHING, words: str = "", retry: bool = False
    ) -> None:
        super().__init__(Message("common.hinted", what=message, hint=hint) if hint else message)
        self.said, self.hint, self.words, self.retry = message, hint, words, retry

    @property
    def doubt(self) -> Doubt:
        """The same for `toban check --live`."""
        return (self.said, self.hint) if self.hint else self.said


class Silent(NotAnswered):
    """It was still at it when its time was over."""


class Refused(NotAnswered):
    """It ended, and said by its exit status that it can't answer."""


class CommandPlace(Protocol):
    """Where commands run."""

    def act(self, arguments: tuple[str, ...]) -> Act:
        """Return what runs them, with output to the run's log."""

    def ask(self, arguments: tuple[str, ...], within: float) -> str:
        """Return what they write to their standard output within so many seconds; raise `NotAnswered`."""

    def doubts(self, program: str) -> Iterator[Doubt]:
        """Yield why *program* can't be started."""
