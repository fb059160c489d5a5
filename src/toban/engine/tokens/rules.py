"""What a token may be, and how many requests it may send. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.amounts import length
from toban.engine.orders import NotPossible
from toban.message import Message

LONGEST = timedelta(days=366)
"""A token that nobody renews each year is one that nobody knows any more."""
ACT = "act:"
"""The beginning of scopes that give orders."""


@dataclass(frozen=True, slots=True)
class WantedToken:
    """A token that somebody asks for."""

    name: str
    scopes: Collection[str]
    ends_at: datetime

    def check(self, known: Collection[str], now: datetime, *, may_order: bool) -> None:
        """Raise `NotPossible` unless an account that *may_order* may have it."""
        unknown = sorted(set(self.scopes) - set(known))
        if not self.name.strip():
            raise NotPossible(Message("tokens.name-missing"))
        if unknown or not self.scopes:
            said = (
                Message("tokens.no-such-scope", scopes=unknown)
                if unknown
                else Message("tokens.scope-missing")
            )
            raise NotPossible(said, Message("tokens.scopes-are", scopes=tuple(known)))
        if not may_order and any(scope.startswith(ACT) for scope in self.scopes):
            raise NotPossible(Message("tokens.viewer-gives-no-orders"), Message("tokens.use-another-account"))
        if self.ends_at <= now:
            raise NotPossible(Message("tokens.end-is-over"), Message("tokens.give-a-later-end"))
        if self.ends_at - now > LONGEST:
            raise NotPossible(Message("tokens.too-long", longest=length(LONGEST)), Message("tokens.renew-it"))


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests may come: a minute's worth at once, and then as many as become free again."""

    per_minute: int

    def wait(self, free_at: float, now: float) -> float:
        """Return for how many seconds a further request has to wait; 0 if it may come *now*.

        *free_at* is when the allowance is whole again, on a clock that is never set.
        """
        return max(0.0, free_at + 60 / self.per_minute - now - 60)

    def one_more(self, free_at: float, now: float) -> float:
        """Return when the allowance is whole again after a request *now*."""
        return max(free_at, now) + 60 / self.per_minute
