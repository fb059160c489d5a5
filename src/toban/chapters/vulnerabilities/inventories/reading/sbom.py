"""Software bills of materials: CycloneDX and SPDX as JSON. Pure.

https://cyclonedx.org/docs/1.6/json/ and https://spdx.github.io/spdx-spec/v2.3/; packages are named by their
package URL, https://github.com/package-url/purl-spec
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from packageurl import PackageURL

from toban.chapters.vulnerabilities.inventories.reading.distribution import NotAListing, ecosystem_of
from toban.chapters.vulnerabilities.package import Package

_TYPES = {
    "cargo": "crates.io",
    "composer": "Packagist",
    "gem": "RubyGems",
    "golang": "Go",
    "maven": "Maven",
    "npm": "npm",
    "nuget": "NuGet",
    "pypi": "PyPI",
}
_DISTRIBUTIONS = {"deb", "apk", "rpm"}
_SOFTWARE = {"application", "framework", "library"}
"""Components of CycloneDX that could have vulnerabilities; files, data and devices are others."""
_JOINED_BY = {"maven": ":"}
_LONGEST_SAID = 200
_DEEPEST = 32
"""Components within components."""
_MOST = 200_000


class NotABill(Exception):
    """It is neither CycloneDX nor SPDX, or larger than any image."""


type Bill = tuple[Sequence[Package], Sequence[str], datetime | None]
"""Packages; what else it lists, of which no advisories could be; when it was made, if it says so."""


def read_bill(written: bytes) -> Bill:
    """Return what a bill of materials lists; raise `NotABill`."""
    try:
        bill = orjson.loads(written)
    except ValueError as error:
        raise NotABill from error
    if not isinstance(bill, dict):
        raise NotABill
    if bill.get("bomFormat") == "CycloneDX":
        urls, made = list(_cyclonedx(bill.get("components"), 0)), _dict(bill.get("metadata")).get("timestamp")
    elif isinstance(bill.get("spdxVersion"), str):
        urls, made = list(_spdx(bill)), _dict(bill.get("creationInfo")).get("created")
    else:
        raise NotABill
    if len(urls) > _MOST:
        raise NotABill
    packages: dict[Package, None] = {}
    unknown: dict[str, None] = {}
    for url in urls:
        found = package_of(url)
        if found is None:
            unknown[url] = None
        else:
            packages[found] = None
    return tuple(packages), tuple(unknown), _time(made)


def package_of(url: str) -> Package | None:
    """Return the package that a package URL names; None if no advisories could be about it."""
    try:
        named = PackageURL.from_string(url)
    except ValueError:
        return None
    if not named.version:
        return None
    ecosystem = _TYPES.get(named.type)
    if ecosystem is not None:
        joint = _JOINED_BY.get(named.type, "/")
        name = f"{named.namespace}{joint}{named.name}" if named.namespace else named.name
        return Package(
            ecosystem, name, named.version.removeprefix("v") if named.type == "golang" else named.version
        )
    return _of_distribution(named) if named.type in _DISTRIBUTIONS else None


def _of_distribution(named: PackageURL) -> Package | None:
    qualifiers = named.qualifiers if isinstance(named.qualifiers, dict) else {}
    system, _, release = qualifiers.get("distro", "").partition("-")
    try:
        ecosystem = ecosystem_of({"ID": system, "VERSION_ID": release})
    except NotAListing:
        return None
    epoch = qualifiers.get("epoch", "")
    version = f"{epoch}:{named.version}" if epoch not in ("", "0") else str(named.version)
    if named.type == "rpm":
        return Package(ecosystem, named.name, version)
    # syft and others name the source package so; its version only if it is another.
    source, _, source_version = qualifiers.get("upstream", "").partition("@")
    if not source or source == named.name:
        return Package(ecosystem, named.name, source_version or version)
    return Package(ecosystem, source, source_version or version, named.name)


def _cyclonedx(components: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise NotABill
    for each in components if isinstance(components, list) else ():
        if not isinstance(each, dict):
            continue
        if isinstance(each.get("purl"), str):
            yield each["purl"]
        elif each.get("type") in _SOFTWARE:
            yield _without_url(each.get("name"), each.get("version"))
        yield from _cyclonedx(each.get("components"), depth + 1)


def _spdx(bill: Mapping[str, Any]) -> Iterator[str]:
    described = _described(bill)
    for each in _dicts(bill.get("packages")):
        urls = [
            locator
            for reference in _dicts(each.get("externalRefs"))
            if reference.get("referenceType") == "purl"
            and isinstance(locator := reference.get("referenceLocator"), str)
        ]
        yield from urls
        if not urls and each.get("SPDXID") not in described:
            yield _without_url(each.get("name"), each.get("versionInfo"))


def _described(bill: Mapping[str, Any]) -> Collection[object]:
    """Return the ids of what the bill is about: the image itself is no package within it."""
    named = bill.get("documentDescribes")
    return [
        *(named if isinstance(named, list) else ()),
        *(
            each.get("relatedSpdxElement")
            for each in _dicts(bill.get("relationships"))
            if each.get("relationshipType") == "DESCRIBES"
        ),
    ]


def _without_url(name: object, version: object) -> str:
    """Return how a package is told of that no package URL names."""
    return " ".join(str(each)[:_LONGEST_SAID] for each in (name, version) if each)


def _dicts(written: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in written if isinstance(each, dict)] if isinstance(written, list) else ()


def _dict(written: object) -> Mapping[str, Any]:
    return written if isinstance(written, dict) else {}


def _time(written: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
