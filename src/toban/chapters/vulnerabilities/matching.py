"""Which packages are affected by which advisories. Pure.

The evaluation is that of the OSV format: https://ossf.github.io/osv-schema/#evaluation
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toban.chapters.vulnerabilities.advisories.advisory import Advisory, Affected, Bound, Range
from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.package import Package, canonical
from toban.chapters.vulnerabilities.versions import VersionUnreadable, is_at_most, version_of

_FROM_THE_BEGINNING = "0"


@dataclass(frozen=True, slots=True)
class VulnerablePackage:
    """A package with a vulnerability."""

    package: Package
    name: str
    """Of the vulnerability: its CVE number, by which people and vendors know it, or the advisory's own."""
    advisories: tuple[Advisory, ...]
    """All that are about this vulnerability, under one name or another."""
    rating: Rating
    fixed: str
    """The lowest version that mends it; empty if there is none yet."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What the advisories say of some packages, and of which they could not be asked."""

    found: Sequence[VulnerablePackage]
    unreadable: Sequence[Package]
    """Packages whose version, or one in an advisory about them, can't be compared: some may be missing."""
    compared: int
    """How many pairs of a package and an advisory about it were compared."""


type About = Sequence[tuple[Advisory, Affected]]

type Known = Mapping[tuple[str, str], About]
"""Ecosystem and canonical name → what is known of the package; see `Affected.key`."""


def match(packages: Iterable[Package], known: Known) -> Matches:
    """Return what *known* says of *packages*."""
    found: list[VulnerablePackage] = []
    unreadable: list[Package] = []
    compared = 0
    for package in packages:
        about = known.get((package.ecosystem, canonical(package.ecosystem, package.name)), ())
        compared += len(about)
        try:
            version_of(package.family, package.version)
        except VersionUnreadable:
            unreadable.append(package)
            continue
        looked = _Look(package)
        found += looked.matches(about)
        if looked.is_unsure:
            unreadable.append(package)
    return Matches(found, unreadable, compared)


def _names(advisory: Advisory, cves: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the vulnerabilities that *advisory* is about; *cves* are those of all others by their ids.

    One without a number may name another that has it.
    """
    named = advisory.cves or tuple(cve for alias in advisory.aliases for cve in cves.get(alias, ()))
    return tuple(dict.fromkeys(named)) or (advisory.id,)


@dataclass(slots=True)
class _Look:
    """The advisories about one package, compared with its version."""

    package: Package
    is_unsure: bool = False
    """Whether some advisory about it could not be compared."""

    @property
    def version(self) -> str:
        """The version that is compared: of PyPI without the name of a build, as by `==`. PEP 440."""
        version = self.package.version
        return version.partition("+")[0] if self.package.family == "PyPI" else version

    def matches(self, about: About) -> Iterator[VulnerablePackage]:
        """Yield its vulnerabilities, each once, however many advisories are about it."""
        grouped: dict[str, list[tuple[Advisory, Affected]]] = {}
        cves = {advisory.id: advisory.cves for advisory, _ in about}
        for advisory, affected in about:
            if not advisory.is_withdrawn and self._is_affected(affected):
                for name in _names(advisory, cves):
                    grouped.setdefault(name, []).append((advisory, affected))
        for name, same in grouped.items():
            rating = min((each.rating or all_.rating for all_, each in same), key=lambda one: one.rank)
            advisories = dict.fromkeys(advisory for advisory, _ in same)
            yield VulnerablePackage(
                self.package, name, tuple(advisories), rating, self._fixed(each for _, each in same)
            )

    def _is_affected(self, affected: Affected) -> bool:
        try:
            return self.version in affected.versions or any(self._is_within(each) for each in affected.ranges)
        except VersionUnreadable:
            self.is_unsure = True
            return False

    def _is_within(self, bounds: Range) -> bool:
        """Whether the version is in the range: the highest bound that it has reached decides."""
        highest = ""
        within = False
        for bound, at in bounds:
            if at == _FROM_THE_BEGINNING and bound is Bound.INTRODUCED:
                within = within or not highest
            elif self._has_reached(bound, at) and (not highest or self._is_at_most(highest, at)):
                highest, within = at, bound is Bound.INTRODUCED
        return within

    def _has_reached(self, bound: Bound, at: str) -> bool:
        version = self.version
        # The last that is affected still is.
        return (
            not self._is_at_most(version, at)
            if bound is Bound.LAST_AFFECTED
            else self._is_at_most(at, version)
        )

    def _is_at_most(self, one: str, other: str) -> bool:
        return is_at_most(self.package.family, one, other)

    def _fixed(self, affected: Iterable[Affected]) -> str:
        later = {
            at
            for each in affected
            for bounds in each.ranges
            for bound, at in bounds
            if bound is Bound.FIXED and not self._is_at_most(at, self.version)
        }
        return min(later, key=lambda at: version_of(self.package.family, at), default="")
