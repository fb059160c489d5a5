"""How failed sign-ins slow further ones, and which counts a sign-in is held against. Pure.

Failures are counted at an account by where they come from, at an account over all unknown sources, and at an
address over all accounts. A known device or address is not held against the second, nor a known device
against the third: strangers can't keep people out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

_IPV6_PREFIX = 64
"""One line gets a whole network of that size: more addresses are not more people."""
_STEEPEST = 30
"""Doublings after which every wait is at its longest, with plenty to spare."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How failures slow further attempts: the wait doubles with each failure."""

    free: int
    """Failures without a wait."""
    first: timedelta
    longest: timedelta
    drain: timedelta
    """The time in which one failure is forgotten."""


AT_SOURCE = Backoff(free=5, first=timedelta(seconds=30), longest=timedelta(hours=1), drain=timedelta(hours=1))
"""At one account from one source: about a dozen guesses, then one an hour."""
AT_ACCOUNT = Backoff(20, timedelta(seconds=30), longest=timedelta(minutes=15), drain=timedelta(minutes=15))
"""At one account from all unknown sources together: about 25 guesses, then four an hour."""
AT_ADDRESS = Backoff(20, timedelta(seconds=15), longest=timedelta(minutes=5), drain=timedelta(seconds=15))
"""From one address at all accounts; many people may share it."""

FORGOTTEN = timedelta(days=1)
"""After that time without a failure nothing is left of any count."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures that are not forgotten yet, as of the last one."""

    level: int
    last_at: datetime

    def wait(self, backoff: Backoff, now: datetime) -> timedelta:
        """Return how long a further attempt has to wait from *now* on; zero if not at all."""
        if self.level < backoff.free:
            return timedelta()
        doublings = min(self.level - backoff.free, _STEEPEST)
        whole = min(backoff.first * (1 << doublings), backoff.longest)
        return max(whole - self._age(now), timedelta())

    def one_more(self, backoff: Backoff, now: datetime) -> "Failures":
        """Return these failures and one *now*."""
        return Failures(max(0, self.level - self._age(now) // backoff.drain) + 1, now)

    def _age(self, now: datetime) -> timedelta:
        # "abs": after a clock is set back, nobody waits until it has caught up.
        return abs(now - self.last_at)


@dataclass(frozen=True, slots=True)
class SignInSource:
    """Where a sign-in comes from."""

    address: str
    device: str
    """The browser, if the account has signed in with it before; otherwise empty."""
    is_known_address: bool
    """Whether the account has signed in from the address before."""

    @property
    def name(self) -> str:
        """The source by which failures at the account are counted."""
        return self.device or self.address


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """A count that a sign-in is held against."""

    account: str
    """Empty: all accounts."""
    source: str
    """Empty: all unknown sources."""
    backoff: Backoff


def counts_of(account: str, source: SignInSource, *, is_guessable: bool = True) -> Sequence[HeldAgainst]:
    """Return what a sign-in at *account* is held against, in the order in which the counts are locked.

    A one-time password is not guessable: nothing is gained by slowing strangers, and the person who was just
    given it may come from anywhere.
    """
    own = HeldAgainst(account, source.name, AT_SOURCE)
    if source.device:
        return (own,)
    of_address = HeldAgainst("", source.address, AT_ADDRESS)
    if source.is_known_address or not is_guessable:
        return (of_address, own)
    return (of_address, HeldAgainst(account, "", AT_ACCOUNT), own)


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _IPV6_PREFIX), strict=False).network_address)
