"""APIs that count or charge every question: how often one is asked, and for how long it is left alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

_MOST_DOUBLED = 8
LONGEST_WAIT = timedelta(hours=1)


class Withheld(Exception):
    """The API gave nothing; the message tells the operator why, without any secret."""


class Throttled(Withheld):
    """The API asks to be left alone; *wait* is how long, where it says so."""

    def __init__(self, message: str, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def pause(every: timedelta, throttled: int, wait: timedelta | None) -> timedelta:
    """Return how long to ask nothing after having been throttled *throttled* times in a row.

    What the API names is kept to, up to an hour; where it names nothing, each time doubles the pause.
    """
    doubled = every * min(2 ** max(throttled, 0), _MOST_DOUBLED)
    return doubled if wait is None else max(every, min(wait, LONGEST_WAIT))


def wait_in(header: str | None) -> timedelta | None:
    """Return the seconds that a header of a 429 names; None where it names none."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    # NaN and infinity are no time to wait either.
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())) if seconds >= 0 else None


@dataclass(frozen=True, slots=True)
class _Told[T]:
    """What the API said last, and when it may be asked again."""

    word: T | Withheld
    until: datetime


class Paced[T]:
    """Asks an API at most once per *every*; meanwhile its last word stands, a refusal too. Any thread may."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._lock = Lock()
        self._told: _Told[T] | None = None
        self._throttled = 0

    def read(self, ask: Callable[[], T], now: datetime, is_enough: Callable[[T], bool] = lambda _: True) -> T:
        """Return the last answer, or a new one of *ask* where it is time or the last is not enough.

        Raises `Withheld` as *ask* did the last time. While the API asks to be left alone, it is.
        """
        with self._lock:
            told = self._told
            if told is None or now >= told.until or self._lacks(told.word, is_enough):
                told = self._told = self._asked(ask, now)
        if isinstance(told.word, Withheld):
            raise Withheld(str(told.word)) from told.word
        return told.word

    def _lacks(self, word: T | Withheld, is_enough: Callable[[T], bool]) -> bool:
        return not isinstance(word, Withheld) and not is_enough(word)

    def _asked(self, ask: Callable[[], T], now: datetime) -> _Told[T]:
        wait = self._every
        try:
            word: T | Withheld = ask()
            self._throttled = 0
        except Throttled as refusal:
            word, wait = refusal, pause(self._every, self._throttled, refusal.wait)
            self._throttled += 1
        except Withheld as refusal:
            word = refusal
        return _Told(word, now + wait)
