"""What is installed, as advisories name it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_SEPARATORS = re.compile(r"[-_.]+")
_WITHOUT_CASE = {"NuGet", "Packagist"}
_AHEAD = timedelta(days=1)
"""Clocks differ, and zones are left out."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package that is installed somewhere."""

    ecosystem: str
    """As OSV writes it: `PyPI`, `npm`, `Debian:12`."""
    name: str
    """By which advisories know it: of distributions the *source* package, since they mend that one."""
    version: str
    """Of what `name` names: of distributions that of the source package."""
    installed: str = ""
    """The name under which it is installed, if that is another: a binary package."""

    @property
    def family(self) -> str:
        """The ecosystem without its release: `Debian`."""
        return self.ecosystem.partition(":")[0]

    @property
    def shown(self) -> str:
        """The name under which people know it where it is installed."""
        return self.installed or self.name


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything installed on one host, in one image or by one lock file, at a time."""

    packages: Sequence[Package]
    taken_at: datetime | None
    """When this was the case: of a document about it, when that was made; None if it does not say."""
    unknown: Sequence[str] = ()
    """What is installed, too, and no advisories could be about: as package URLs, or name and version."""


def believable(made_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a list was made, by what it says itself; None if that is yet to come."""
    return made_at if made_at is not None and made_at <= now + _AHEAD else None


def canonical(ecosystem: str, name: str) -> str:
    """Return *name* as its registry compares it; PEP 503 for PyPI."""
    family = ecosystem.partition(":")[0]
    if family == "PyPI":
        return _SEPARATORS.sub("-", name).lower()
    return name.lower() if family in _WITHOUT_CASE else name
