"""What is known of exploits: CISA's catalog and EPSS, in the folder of the mirror."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from toban.chapters.vulnerabilities.advisories.exploited import CatalogUnreadable, read_exploited
from toban.chapters.vulnerabilities.advisories.likelihoods import read_likelihoods
from toban.message import Message

KEV, EPSS = "CISA KEV", "EPSS"
"""Their names where people read how old they are."""


@dataclass(frozen=True, slots=True)
class Catalogs:
    """What they say of some vulnerabilities."""

    exploited: Mapping[str, date] = field(default_factory=dict)
    """CVE number → since when it is known to be exploited."""
    likelihoods: Mapping[str, float] = field(default_factory=dict)
    """CVE number → how likely it is exploited within thirty days."""
    made_at: Mapping[str, datetime] = field(default_factory=dict)
    """By catalog, of when it is."""
    troubles: Sequence[Message] = ()
    """Why one of them that is there says nothing."""


def read_catalogs(folder: Path, wanted: Collection[str], now: datetime) -> Catalogs:
    """Return what the catalogs in *folder* say of *wanted*, by CVE number; none of them needs to be there.

    A time after *now* does not count: a wrong clock would hide that they are old.
    """
    exploited: Mapping[str, date] = {}
    likelihoods: Mapping[str, float] = {}
    times: dict[str, datetime | None] = {}
    troubles: list[Message] = []
    try:
        exploited, times[KEV] = read_exploited(folder)
    except CatalogUnreadable as error:
        troubles.append(error.args[0])
    try:
        likelihoods, times[EPSS] = read_likelihoods(folder, wanted)
    except CatalogUnreadable as error:
        troubles.append(error.args[0])
    made_at = {name: at for name, at in times.items() if at is not None and at <= now}
    return Catalogs(exploited, likelihoods, made_at, troubles)
