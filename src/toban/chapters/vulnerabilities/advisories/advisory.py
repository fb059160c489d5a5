"""An advisory in the OSV format, as values. Pure.

https://ossf.github.io/osv-schema/ (1.7)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from toban.chapters.vulnerabilities.advisories.rating import Rating, rating_of
from toban.chapters.vulnerabilities.package import canonical

_MOST_TEXT = 500
_MOST_IDS = 2000
"""A distribution mends a kernel's of months at once."""
_COMPARED = frozenset(("ECOSYSTEM", "SEMVER"))
"""Kinds of ranges that are about versions; those of `GIT` are about commits."""


class Bound(StrEnum):
    """What happens at a version of a range."""

    INTRODUCED = "introduced"
    FIXED = "fixed"
    LAST_AFFECTED = "last_affected"


type Range = tuple[tuple[Bound, str], ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """Which versions of one package are affected."""

    ecosystem: str
    name: str
    ranges: tuple[Range, ...] = ()
    versions: frozenset[str] = frozenset()
    """Affected besides those in `ranges`."""
    rating: Rating | None = None
    """Of this package, if it differs from the advisory's own: distributions rate by what they ship."""

    @property
    def key(self) -> tuple[str, str]:
        """Ecosystem and name, as packages are looked up."""
        return self.ecosystem, canonical(self.ecosystem, self.name)


@dataclass(frozen=True, slots=True)
class Advisory:
    """What is known of one vulnerability."""

    id: str
    aliases: tuple[str, ...]
    """Its other names, CVE numbers first."""
    summary: str
    rating: Rating
    modified: datetime
    affected: tuple[Affected, ...]
    is_withdrawn: bool = False

    @property
    def cves(self) -> tuple[str, ...]:
        """The CVE numbers it is about: a distribution mends several at once."""
        return tuple(each for each in dict.fromkeys((self.id, *self.aliases)) if each.startswith("CVE-"))


class NoAdvisory(ValueError):
    """It is not an advisory in the OSV format."""


def read_advisory(record: object) -> Advisory:
    """Return *record*, the parsed JSON of an advisory; raise `NoAdvisory`.

    What it says beyond the names here is left out; a single part of `affected` that can't be read is, too.
    """
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise NoAdvisory
    modified = _time(record.get("modified"))
    if modified is None:
        raise NoAdvisory
    names = [*_texts(record.get("aliases")), *_texts(record.get("upstream"))]
    rating = rating_of(record)
    return Advisory(
        record["id"][:_MOST_TEXT],
        tuple(sorted(dict.fromkeys(names), key=lambda name: not name.startswith("CVE-"))[:_MOST_IDS]),
        _summary(record),
        rating,
        modified,
        tuple(_affected(record.get("affected"))),
        is_withdrawn=bool(record.get("withdrawn")),
    )


def _affected(parts: object) -> Iterator[Affected]:
    for part in _dicts(parts):
        package = part.get("package")
        if not isinstance(package, dict):
            continue
        ecosystem, name = package.get("ecosystem"), package.get("name")
        if isinstance(ecosystem, str) and isinstance(name, str):
            own = rating_of(part)
            yield Affected(
                ecosystem,
                name,
                tuple(_range(each) for each in _dicts(part.get("ranges")) if each.get("type") in _COMPARED),
                frozenset(_texts(part.get("versions"))),
                own if own is not Rating.UNKNOWN else None,
            )


def _range(written: Mapping[str, Any]) -> Range:
    return tuple(
        (Bound(name), version)
        for event in _dicts(written.get("events"))
        for name, version in event.items()
        if name in Bound and isinstance(version, str)
    )


def _summary(record: Mapping[str, Any]) -> str:
    said = record.get("summary") or record.get("details")
    return said.strip().partition("\n")[0][:_MOST_TEXT] if isinstance(said, str) else ""


def _time(written: object) -> datetime | None:
    if not isinstance(written, str):
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _texts(written: object) -> Sequence[str]:
    return [each for each in written if isinstance(each, str)] if isinstance(written, list) else ()


def _dicts(written: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in written if isinstance(each, dict)] if isinstance(written, list) else ()
