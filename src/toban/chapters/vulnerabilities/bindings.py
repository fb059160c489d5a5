"""The settings of vulnerabilities in `toban.toml`: what is installed, what is known, how soon to mend."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.design.acts import is_vulnerability_scan
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reader import Design
from toban.engine.bindings.section import Assumed, Section, beside_the_bindings
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.engine.network.http import HttpAccess
from toban.message import Message


def _scans(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    rows: tuple[SecurityRoutine | Routine, ...] = (*design.of(SecurityRoutine), *design.of(Routine))
    return (row for row in rows if is_vulnerability_scan(row))


class InventoryBinding(Section):
    """`[inventory.NAME]`: the settings of every kind of inventory."""

    owner: str = ""
    """The role that mends what is found there, in the document's words."""
    timeout: float = Field(default=60.0, gt=0, le=600)
    """Seconds until the whole list must have been read."""


class MirrorAddress(HttpAccess):
    """`[advisories.at]`: where `URL/{ecosystem}/all.zip` comes from; `kev` and `epss`: where a file does."""

    timeout: float = Field(default=300.0, gt=0, le=3600)
    """Seconds until a whole archive must have arrived."""


class AdvisoriesBinding(Section):
    """`[advisories]`: the mirror of what is known of vulnerabilities."""

    example: ClassVar[Mapping[str, str]] = {"folder": "/srv/osv"}

    folder: Annotated[Path, AfterValidator(beside_the_bindings)]
    """It holds `{ecosystem}/all.zip`, as OSV publishes them."""
    at: MirrorAddress | None = None
    """Where it is refreshed from before each scan; unsaid, a batch refreshes it, or a person."""
    kev: MirrorAddress | None = None
    """Where CISA's catalog of what is exploited is fetched from, if not from `at`."""
    epss: MirrorAddress | None = None
    """Where the likelihoods of EPSS are fetched from, if not from `at`."""
    oldest: Annotated[
        Length, Assumed("vulnerabilities.assumed-oldest", Message("vulnerabilities.why-oldest"), _scans)
    ] = timedelta(days=7)
    """A scan by older advisories says nothing."""


class VulnerabilitiesBinding(Section):
    """`[vulnerabilities]`: how soon vulnerabilities must be mended, by rating; unsaid, there is no limit."""

    critical: Length | None = None
    high: Length | None = None
    medium: Length | None = None
    low: Length | None = None
    unrated: Length | None = None
    """Of what nobody has rated; unsaid, that of `high`, since it may be anything."""

    @property
    def limits(self) -> Mapping[Rating, timedelta]:
        """The limits that are bound."""
        said = {
            Rating.CRITICAL: self.critical,
            Rating.HIGH: self.high,
            Rating.MEDIUM: self.medium,
            Rating.LOW: self.low,
            Rating.UNKNOWN: self.unrated or self.high,
        }
        return {rating: limit for rating, limit in said.items() if limit is not None}


ADVISORIES = single("advisories", AdvisoriesBinding, None)
"""The mirror of advisories."""

VULNERABILITIES = single("vulnerabilities", VulnerabilitiesBinding, VulnerabilitiesBinding())
"""How soon vulnerabilities are mended."""
