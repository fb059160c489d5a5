"""What the engine decides from values. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from toban.chapters.release.engines.proxy.balancers.balancer import Upstream
from toban.chapters.release.engines.proxy.records import Instance

_MOST_PARTS = 100
"""The finest division of requests: more than that no proxy counts well."""


def shared(old: Collection[str], new: Collection[str], share: float) -> Sequence[Upstream]:
    """Return upstreams that give *new* together the *share* of requests, and *old* the rest."""
    part = Fraction(share).limit_denominator(_MOST_PARTS)
    each = {address: (1 - part) / len(old) for address in old} | {address: part / len(new) for address in new}
    whole = lcm(*(weight.denominator for weight in each.values()))
    weights = {address: int(weight * whole) for address, weight in each.items()}
    common = gcd(*weights.values())
    return sorted(Upstream(address, weight // common) for address, weight in weights.items() if weight)


def free_ports(ports: range, recorded: Collection[int]) -> Iterator[int]:
    """Yield the ports that no instance has, in order."""
    return (port for port in ports if port not in recorded)


def to_start(
    digest: str, wanted: int, running: Mapping[Instance, str]
) -> tuple[Mapping[int, Instance], Sequence[int]]:
    """Return the instances of *digest* that run already, by number, and the numbers that are missing."""
    there = {
        each.number: each
        for each, served in running.items()
        if each.digest == digest == served and each.number <= wanted
    }
    return there, [number for number in range(1, wanted + 1) if number not in there]


def wanted(settings: int, ordered: int, most: int) -> int:
    """Return how many instances are to serve: as ordered, but no fewer than in the *settings*."""
    return min(max(settings, ordered), most)


def surplus(digest: str, routed: Collection[str], instances: Sequence[Instance]) -> Sequence[Instance]:
    """Return the instances of what serves, the version *digest*, that get no requests."""
    return [each for each in instances if each.digest == digest and each.address not in routed]


def overdue(
    instances: Sequence[Instance], routed: Collection[str], watch: float, now: float
) -> Sequence[Instance]:
    """Return the instances that get no requests, and are not kept for a way back any more."""
    return [
        each
        for each in instances
        if each.address not in routed and each.idle_since is not None and each.idle_since + watch <= now
    ]
