"""What a report says, as values, whatever its format. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from packageurl import PackageURL

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.inventories.reading.sbom import package_of
from toban.chapters.vulnerabilities.package import Package
from toban.message import Message
from toban.text import fitting_key, storable_text

_LONGEST_NAME, _LONGEST_TEXT = 200, 300
_MOST_NAMES = 50
_MOST_SUMMARY, _MOST_JUSTIFICATION = 500, 2000
_MOST_ECOSYSTEM = 100
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_RELEASED = {
    "almalinux": "AlmaLinux",
    "alpine": "Alpine",
    "debian": "Debian",
    "rocky": "Rocky Linux",
    "ubuntu": "Ubuntu",
}
"""The namespaces of package URLs of distributions, which advisories know by their release."""
_NO_PACKAGES = {"bitbucket", "docker", "generic", "github", "oci", "swid"}
"""Types of package URLs that name products: whole images, sources, devices."""


class NotAReport(ValueError):
    """The file is no report that can be read; the message says why."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


class ReportFormat(StrEnum):
    """The formats of reports."""

    CYCLONEDX = "cyclonedx"
    OPENVEX = "openvex"
    SARIF = "sarif"
    TRIVY = "trivy"


class VexStatus(StrEnum):
    """What a VEX statement says of a vulnerability in a product."""

    AFFECTED = "affected"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"
    UNDER_INVESTIGATION = "under_investigation"

    @property
    def closes(self) -> bool:
        """Whether nothing needs to be done about it any more."""
        return self in {VexStatus.FIXED, VexStatus.NOT_AFFECTED}


@dataclass(frozen=True, slots=True)
class ReportedVulnerability:
    """A vulnerability that a scanner found."""

    names: tuple[str, ...]
    """As the report calls it, then its other names."""
    package: Package
    """Without an ecosystem if the report names none."""
    rating: Rating
    fixed: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A VEX statement about a vulnerability in one package."""

    names: tuple[str, ...]
    package: Package
    """Without a version: in every one."""
    status: VexStatus
    justification: str
    at: datetime | None


type Entry = ReportedVulnerability | Statement | str
"""What a report says; a text is what it names that could not be placed: without a package, without a name."""


@dataclass(frozen=True, slots=True)
class ScannerReport:
    """Everything that a report says."""

    format: ReportFormat
    source: str
    """Who says it: the scanner, or the author of the statements."""
    made_at: datetime | None
    found: Sequence[ReportedVulnerability] = ()
    statements: Sequence[Statement] = ()
    left_out: Sequence[str] = ()
    """See `Entry`."""
    looked_at_nothing: bool = False
    """Whether it names nothing and does not say that it looked for vulnerabilities."""

    @classmethod
    def of(
        cls, form: ReportFormat, source: str, made_at: datetime | None, entries: Iterable[Entry]
    ) -> "ScannerReport":
        """Return a report that says *entries*."""
        every = list(entries)
        return cls(
            form,
            source,
            made_at,
            [each for each in every if isinstance(each, ReportedVulnerability)],
            [each for each in every if isinstance(each, Statement)],
            [each for each in every if isinstance(each, str)],
        )

    @property
    def finds(self) -> bool:
        """Whether it is of a scan: it ages, while statements hold until they are changed."""
        return bool(self.found) or not self.statements


def names_of(*written: object) -> tuple[str, ...]:
    """Return the names of a vulnerability, each once, as the state database holds them."""
    texts = (each.strip() for each in written if isinstance(each, str) and each.strip())
    return tuple(dict.fromkeys(fitting_key(storable_text(each), _LONGEST_NAME) for each in texts))[
        :_MOST_NAMES
    ]


def placed(url: object) -> Package | None:
    """Return the package that a package URL names, also without a version or a release; None for none."""
    if not isinstance(url, str):
        return None
    try:
        named = PackageURL.from_string(url)
    except ValueError:
        return None
    if named.type in _NO_PACKAGES:
        return None
    qualifiers = named.qualifiers if isinstance(named.qualifiers, dict) else {}
    whole = PackageURL(named.type, named.namespace, named.name, named.version or "0", qualifiers)
    found = package_of(whole.to_string())
    if found is None:
        family = _RELEASED.get((named.namespace or "").lower(), named.namespace or named.type)
        found = Package(family, named.name, named.version or "0")
    return fitting(
        Package(found.ecosystem, found.name, found.version if named.version else "", found.installed)
    )


def fitting(package: Package) -> Package:
    """Return *package* as the state database holds it."""
    return Package(
        fitting_key(storable_text(package.ecosystem), _MOST_ECOSYSTEM),
        fitting_key(storable_text(package.name), _LONGEST_TEXT),
        fitting_key(storable_text(package.version), _LONGEST_TEXT),
        fitting_key(storable_text(package.installed), _LONGEST_TEXT),
    )


def version_text(written: object) -> str:
    """Return the versions that mend something, as they are written."""
    return fitting_key(storable_text(written.strip()), _LONGEST_TEXT) if isinstance(written, str) else ""


def summary_text(*written: object) -> str:
    """Return the first line of the first of *written* that says something."""
    said = next(filter(None, map(text_of, written)), "")
    return said.partition("\n")[0][:_MOST_SUMMARY]


def justified(*written: object) -> str:
    """Return the reasons that a statement gives, as one text."""
    said = (each.strip() for each in written if isinstance(each, str) and each.strip())
    return storable_text(" / ".join(dict.fromkeys(said)))[:_MOST_JUSTIFICATION]


def time_of(written: object) -> datetime | None:
    """Return the time that is written in ISO 8601; None if none is."""
    try:
        found = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    # Of the first years and the last, zones lead out of the calendar.
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def dicts(written: object) -> Sequence[Mapping[str, Any]]:
    """Return the objects in a list of JSON; none if it is no list."""
    return [each for each in written if isinstance(each, dict)] if isinstance(written, list) else ()


def dict_of(written: object) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one if it is none."""
    return written if isinstance(written, dict) else {}


def text_of(written: object) -> str:
    """Return a text of JSON; an empty one if it is none."""
    return storable_text(written.strip()) if isinstance(written, str) else ""
