"""The rules by which a sign-in is suspicious. Pure: the same sign-ins always give the same answer.

Each rule is a sentence that a person can check; none is a score.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from toban.design.calendar import BusinessCalendar
from toban.design.values.hours import Hours
from toban.engine.amounts import length
from toban.message import Message

_IPV4_PREFIX, _IPV6_PREFIX = 24, 48
"""One office or one provider's customer, more or less: a laptop gets other addresses of it day by day."""
_MOST_NETWORKS = 200
_MOST_FAILURES = 100


class SuspicionRule(StrEnum):
    """Why a sign-in is suspicious."""

    NEW_NETWORK = "new-network"
    """From a network that was never seen for the account."""
    GUESSED = "guessed"
    """After several failures within a short time."""
    OFF_HOURS = "off-hours"
    """With privileges, at a time when nobody works and nothing is wrong."""
    WAKING = "waking"
    """After the account had long been asleep."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in, or an attempt at one."""

    at: datetime
    address: str = ""
    """Empty if the system does not say it."""
    succeeded: bool = True
    is_privileged: bool = False
    has_occasion: bool = False
    """Whether an alert was open: then people work at night."""


@dataclass(frozen=True, slots=True)
class WatchTerms:
    """What the rules count by."""

    hours: Hours
    calendar: BusinessCalendar
    dormant: timedelta = timedelta(days=90)
    learning: timedelta = timedelta(days=14)
    """How long an account's networks are only noted: before, every one is new."""
    failures: int = 5
    within: timedelta = timedelta(minutes=10)


@dataclass(slots=True)
class AccountHistory:
    """What is known of an account's sign-ins so far."""

    first_at: datetime | None = None
    last_at: datetime | None = None
    """Of those that succeeded."""
    networks: set[str] = field(default_factory=set)
    failures: deque[datetime] = field(default_factory=lambda: deque(maxlen=_MOST_FAILURES))


@dataclass(frozen=True, slots=True)
class FoundSuspicion:
    """A sign-in that somebody should look at, and why."""

    rule: SuspicionRule
    at: datetime
    said: Message


def network_of(address: str) -> str:
    """Return the network of *address*; empty if it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    prefix = _IPV6_PREFIX if isinstance(found, IPv6Address) else _IPV4_PREFIX
    return str(ip_network((found, prefix), strict=False))


def watch(history: AccountHistory, sign_ins: Iterable[SignIn], terms: WatchTerms) -> Iterator[FoundSuspicion]:
    """Yield what is suspicious among *sign_ins*, which are in order of time; *history* learns from them."""
    for each in sign_ins:
        if each.succeeded:
            yield from _suspicions(history, each, terms)
            _learn(history, each)
        else:
            history.failures.append(each.at)


def _suspicions(history: AccountHistory, each: SignIn, terms: WatchTerms) -> Iterator[FoundSuspicion]:
    network = network_of(each.address)
    is_learnt = history.first_at is not None and each.at - history.first_at >= terms.learning
    if network and is_learnt and network not in history.networks:
        yield _found(SuspicionRule.NEW_NETWORK, each, network=network)
    failed = [at for at in history.failures if timedelta() <= each.at - at <= terms.within]
    if len(failed) >= terms.failures:
        yield _found(SuspicionRule.GUESSED, each, count=len(failed), length=length(terms.within))
    if each.is_privileged and not each.has_occasion and _is_off(each.at, terms):
        yield _found(SuspicionRule.OFF_HOURS, each, hours=str(terms.hours))
    if history.last_at is not None and each.at - history.last_at >= terms.dormant:
        yield _found(SuspicionRule.WAKING, each, length=length(each.at - history.last_at))


def _found(rule: SuspicionRule, each: SignIn, **values: object) -> FoundSuspicion:
    said = Message(f"accounts.suspicion-{rule}", at=each.at, address=each.address or "—", **values)
    return FoundSuspicion(rule, each.at, said)


def _is_off(at: datetime, terms: WatchTerms) -> bool:
    return not terms.hours.covers(at, terms.calendar.days_off_around(at.date()))


def _learn(history: AccountHistory, each: SignIn) -> None:
    history.first_at = history.first_at or each.at
    history.last_at = max(history.last_at or each.at, each.at)
    history.failures.clear()
    network = network_of(each.address)
    if network and len(history.networks) < _MOST_NETWORKS:
        history.networks.add(network)
