"""Versions in the order of each ecosystem: dpkg, rpm, PEP 440, semver and others, by univers. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from univers import versions as univers

_SCHEMES: Mapping[str, type[univers.Version]] = {
    "AlmaLinux": univers.RpmVersion,
    "Alpine": univers.AlpineLinuxVersion,
    "Debian": univers.DebianVersion,
    "Go": univers.GolangVersion,
    "Maven": univers.MavenVersion,
    "NuGet": univers.NugetVersion,
    "Packagist": univers.ComposerVersion,
    "PyPI": univers.PypiVersion,
    "Red Hat": univers.RpmVersion,
    "Rocky Linux": univers.RpmVersion,
    "RubyGems": univers.RubygemsVersion,
    "SUSE": univers.RpmVersion,
    "Ubuntu": univers.DebianVersion,
    "crates.io": univers.SemverVersion,
    "npm": univers.SemverVersion,
    "openSUSE": univers.RpmVersion,
}
"""By the ecosystem's name without its release, as OSV writes it."""

ECOSYSTEMS = frozenset(_SCHEMES)
"""Whose versions can be compared."""

_LONGEST = 256
"""Characters; a longer version is nobody's, and some schemes take quadratic time for it."""


class VersionUnreadable(ValueError):
    """The text is no version of its ecosystem."""


@lru_cache(maxsize=65_536)
def version_of(family: str, text: str) -> Any:
    """Return *text* as a value that compares with others of the ecosystem *family*.

    Raises `VersionUnreadable`, also for an ecosystem whose order is unknown.
    """
    scheme = _SCHEMES.get(family)
    if scheme is None or len(text) > _LONGEST:
        raise VersionUnreadable(text)
    try:
        version = scheme(text)
    except (univers.InvalidVersion, ValueError, TypeError, AttributeError, IndexError) as error:
        raise VersionUnreadable(text) from error
    # The values compare several times faster; but that of some schemes is only a text.
    return version if isinstance(version.value, str) else version.value


@lru_cache(maxsize=262_144)
def is_at_most(family: str, one: str, other: str) -> bool:
    """Return whether *one* is *other* or an earlier version; raise `VersionUnreadable`.

    Remembered, since comparing takes longer than all else of a scan, and hosts have much in common.
    """
    return bool(version_of(family, one) <= version_of(family, other))
