"""Whoever hears an act in place of the turn of its run."""

from dataclasses import dataclass
from typing import Protocol

from toban.message import NOTHING, Message


class Heard(Protocol):
    """What is told how an act goes."""

    def say(self, text: Message | str) -> None:
        """Take lines of text."""

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Take the progress."""


@dataclass
class PassedOn[Turn: Heard]:
    """Passes on what it hears to *turn*; a subclass has reasons of its own to stop, or not to."""

    turn: Turn

    def say(self, text: Message | str) -> None:
        """See `Heard`."""
        self.turn.say(text)

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """See `Heard`."""
        self.turn.progress(percent, text)
