"""APIs that count or charge every query: how often to ask, and how long to pause."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from toban.message import Message, message_of

_MOST_DOUBLED = 8
LONGEST_WAIT = timedelta(hours=1)


class Withheld(Exception):
    """The API returned nothing; the message tells the operator why, without any secret."""


class Throttled(Withheld):
    """The API asks for a pause; *wait* is its length, if stated."""

    def __init__(self, said: Message, wait: timedelta | None = None) -> None:
        super().__init__(said)
        self.wait = wait


def pause(every: timedelta, throttled: int, wait: timedelta | None) -> timedelta:
    """Return how long to pause after being throttled *throttled* times in a row.

    A wait stated by the API is respected, up to an hour; without one, the pause doubles each time.
    """
    doubled = every * min(2 ** max(throttled, 0), _MOST_DOUBLED)
    return doubled if wait is None else max(every, min(wait, LONGEST_WAIT))


def wait_in(header: str | None) -> timedelta | None:
    """Return the seconds in a header of a 429; None if it states none."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    # Nor are NaN and infinity a time to wait.
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())) if seconds >= 0 else None


@dataclass(frozen=True, slots=True)
class _LastAnswer[T]:
    """The API's last answer, and when it may be asked again."""

    word: T | Withheld
    until: datetime


class PacedApi[T]:
    """Asks an API at most once per *every*; meanwhile its last answer is used, or refusal. Thread-safe."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._lock = Lock()
        self._told: _LastAnswer[T] | None = None
        self._throttled = 0

    def read(self, ask: Callable[[], T], now: datetime, is_enough: Callable[[T], bool] = lambda _: True) -> T:
        """Return the last answer, or a new one of *ask* if it is due or the last is not enough.

        Raises `Withheld` if the last *ask* did. While the API asks for a pause, *ask* is not called.
        """
        with self._lock:
            told = self._told
            if told is None or now >= told.until or self._lacks(told.word, is_enough):
                told = self._told = self._asked(ask, now)
        if isinstance(told.word, Withheld):
            raise Withheld(message_of(told.word)) from told.word
        return told.word

    def _lacks(self, word: T | Withheld, is_enough: Callable[[T], bool]) -> bool:
        return not isinstance(word, Withheld) and not is_enough(word)

    def _asked(self, ask: Callable[[], T], now: datetime) -> _LastAnswer[T]:
        wait = self._every
        try:
            word: T | Withheld = ask()
            self._throttled = 0
        except Throttled as refusal:
            word, wait = refusal, pause(self._every, self._throttled, refusal.wait)
            self._throttled += 1
        except Withheld as refusal:
            word = refusal
        return _LastAnswer(word, now + wait)
