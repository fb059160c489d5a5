"""When a clock is wrong: by readings of two clocks, and of one that is never set. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine import amounts
from toban.message import Message

TOLERANCE = timedelta(seconds=2)
"""How far a clock may be from the database's: nothing that Toban decides is finer than that."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's clock, read once."""

    at: datetime
    asked: float
    """Seconds on a clock that is never set: before the question, and after the answer."""
    answered: float

    @property
    def unsure(self) -> timedelta:
        """How far the moment of the reading may be from the middle of question and answer."""
        return timedelta(seconds=(self.answered - self.asked) / 2)

    def time(self, seconds: float) -> datetime:
        """Return the database's time when the clock that is never set shows *seconds*."""
        return self.at + timedelta(seconds=seconds - (self.asked + self.answered) / 2)


def is_right(ahead: timedelta, reading: Reading) -> bool:
    """Return whether a clock that is *ahead* of the database's by *reading* can be worked by."""
    # A slow answer is no reason to accuse the clock.
    return abs(ahead) - reading.unsure <= TOLERANCE


def deviation(ahead: timedelta) -> Message:
    """Say that a clock is *ahead*, or behind."""
    code = "supervision.clock-ahead" if ahead > timedelta() else "supervision.clock-behind"
    return Message(code, by=amounts.length(abs(ahead)))


def wrong(host: str, ahead: timedelta) -> Message:
    """Say that the clock of *host* is *ahead*, or behind, and what follows from it."""
    return Message("supervision.clock-is-wrong", host=host, deviation=deviation(ahead))
