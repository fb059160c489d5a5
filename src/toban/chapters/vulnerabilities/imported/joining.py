"""Which package of an inventory, and which known vulnerability, a report means. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.vulnerabilities.advisories.advisory import Advisory
from toban.chapters.vulnerabilities.imported.saying import ReportedVulnerability
from toban.chapters.vulnerabilities.matching import VulnerablePackage
from toban.chapters.vulnerabilities.package import Package, canonical


@dataclass(frozen=True, slots=True)
class KnownName:
    """A vulnerability that some source reports, and the advisories about it."""

    ecosystem: str
    package: str
    name: str
    advisories: Sequence[str]


def joined(
    found: Iterable[ReportedVulnerability],
    listed: Sequence[Package],
    known: Iterable[KnownName],
    at: datetime,
) -> Iterator[tuple[VulnerablePackage, str]]:
    """Yield each of *found* by its names in the ledger, with the name under which its package is installed.

    Scanners call a package as it is installed, and advisories by its source; and one may name an advisory
    where another names the CVE number. *listed* are the inventory's packages.
    """
    places, names = _ListedPackages(listed), _names(known)
    for each in found:
        package = places.of(each.package)
        plain = Package(package.ecosystem, package.name, package.version)
        about = Advisory(each.names[0], each.names[1:], each.summary, each.rating, at, ())
        for name in _known_as(each, package, names):
            yield VulnerablePackage(plain, name, (about,), each.rating, each.fixed), package.installed


class _ListedPackages:
    """The packages of an inventory, by how they are called there."""

    def __init__(self, listed: Sequence[Package]) -> None:
        self._by_place: dict[tuple[str, str], Package] = {}
        self._by_name: dict[str, set[Package]] = defaultdict(set)
        for each in listed:
            self._by_place[each.ecosystem, each.shown] = each
            self._by_name[each.shown.lower()].add(each)

    def of(self, package: Package) -> Package:
        if not package.ecosystem:
            return self._without_ecosystem(package)
        found = self._by_place.get((package.ecosystem, package.shown))
        name = found.name if found is not None else package.name
        return Package(
            package.ecosystem, name, package.version, package.shown if package.shown != name else ""
        )

    def _without_ecosystem(self, package: Package) -> Package:
        found = self._by_name.get(package.name.lower(), set())
        fitting = {each for each in found if each.version == package.version} or found
        if len(fitting) != 1:
            return package
        (only,) = fitting
        return Package(only.ecosystem, only.name, package.version or only.version, only.installed)


def _names(known: Iterable[KnownName]) -> Mapping[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in known:
        for name in (each.name, *each.advisories):
            found[each.ecosystem, canonical(each.ecosystem, each.package), name].append(each.name)
    return found


def _known_as(
    each: ReportedVulnerability, package: Package, names: Mapping[tuple[str, str, str], list[str]]
) -> Sequence[str]:
    """Return the names under which it is known, or its CVE number, or what the report calls it."""
    place = package.ecosystem, canonical(package.ecosystem, package.name)
    # The report's own name first: an advisory among its others may be about several.
    for name in each.names:
        if known := names.get((*place, name)):
            return tuple(dict.fromkeys(known))
    return (next((name for name in each.names if name.startswith("CVE-")), each.names[0]),)
