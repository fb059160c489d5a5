"""A scan: which vulnerabilities the packages of all inventories have, and what it could not see. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.vulnerabilities.advisories.mirror import Advisories
from toban.chapters.vulnerabilities.matching import Matches, VulnerablePackage, match
from toban.chapters.vulnerabilities.package import Inventory, Package, canonical
from toban.message import Message, plain

_MOST_NAMED = 5

type Wanted = frozenset[tuple[str, str]]
"""Ecosystems and canonical names of packages."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan came to."""

    found: Mapping[str, Sequence[VulnerablePackage]]
    """By inventory; only those that could be read. A package of one source is named once."""
    unreadable: Mapping[str, Sequence[Package]]
    """By inventory, the packages that could not be compared: what is not found there may be."""
    gaps: Sequence[Message]
    """What nothing is known about: with gaps no scan says that all is well."""
    packages: int
    compared: int
    data: Mapping[str, datetime]
    """Ecosystem → when the newest of its advisories was changed."""


def wanted(inventories: Mapping[str, Inventory]) -> Wanted:
    """Return what must be looked up for *inventories*."""
    return frozenset(
        (package.ecosystem, canonical(package.ecosystem, package.name))
        for each in inventories.values()
        for package in each.packages
    )


def scan(
    inventories: Mapping[str, Inventory],
    unread: Mapping[str, Message],
    advisories: Advisories,
    now: datetime,
    oldest: timedelta,
) -> Scanned:
    """Return what *advisories* say of *inventories*; *unread* are those that could not be read, and why.

    Nothing that could not be looked at is passed over in silence: it is a gap. Times are told in the zone of
    *now*.
    """
    looked = {name: match(_distinct(each.packages), advisories.known) for name, each in inventories.items()}
    return Scanned(
        {name: each.found for name, each in looked.items()},
        {name: each.unreadable for name, each in looked.items()},
        [
            *(Message("vulnerabilities.gap-inventory", name=name, why=why) for name, why in unread.items()),
            *_of_data(inventories, advisories, now, oldest),
            *_of_packages(inventories, looked, now, oldest),
        ],
        sum(len(each.packages) for each in inventories.values()),
        sum(each.compared for each in looked.values()),
        {name: each.newest for name, each in advisories.data.items()},
    )


def installed_as(packages: Sequence[Package]) -> Mapping[Package, Sequence[str]]:
    """Return each package without its installed name → the names under which it is installed."""
    found: dict[Package, list[str]] = defaultdict(list)
    for each in packages:
        names = found[_plain(each)]
        if each.installed:
            names.append(each.installed)
    return found


def _plain(package: Package) -> Package:
    return Package(package.ecosystem, package.name, package.version)


def _distinct(packages: Sequence[Package]) -> Sequence[Package]:
    return tuple(dict.fromkeys(map(_plain, packages)))


def _of_data(
    inventories: Mapping[str, Inventory], advisories: Advisories, now: datetime, oldest: timedelta
) -> Iterator[Message]:
    """Yield the ecosystems without advisories, or with old ones."""
    counts: dict[str, int] = defaultdict(int)
    for each in inventories.values():
        for package in each.packages:
            counts[package.ecosystem] += 1
    for ecosystem, why in advisories.missing.items():
        yield Message("vulnerabilities.gap-ecosystem", why=why, count=counts[ecosystem])
    for ecosystem, data in advisories.data.items():
        if now - data.newest > oldest:
            yield Message(
                "vulnerabilities.gap-old-data",
                ecosystem=ecosystem,
                newest=data.newest.astimezone(now.tzinfo),
                days=(now - data.newest).days,
                count=counts[ecosystem],
            )
        if data.unreadable:
            yield Message("vulnerabilities.gap-records", ecosystem=ecosystem, count=data.unreadable)


def _of_packages(
    inventories: Mapping[str, Inventory], looked: Mapping[str, Matches], now: datetime, oldest: timedelta
) -> Iterator[Message]:
    """Yield the packages that could not be compared, and lists that are as old as old advisories."""
    for name, each in inventories.items():
        if each.taken_at is None:
            yield Message("vulnerabilities.gap-no-age", name=name)
        elif now - each.taken_at > oldest:
            yield Message(
                "vulnerabilities.gap-old-list",
                name=name,
                days=(now - each.taken_at).days,
                at=each.taken_at.astimezone(now.tzinfo),
            )
        unreadable = [f"{one.name} {one.version}" for one in looked[name].unreadable]
        if hidden := [*unreadable, *each.unknown]:
            yield Message(
                "vulnerabilities.gap-packages",
                name=name,
                count=len(hidden),
                packages=tuple(plain(one) for one in hidden[:_MOST_NAMED]),
            )
