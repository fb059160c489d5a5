"""Versions in the order of each ecosystem: dpkg, rpm, PEP 440, semver and others, by univers. Pure."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from univers import versions as univers

_AFTER = {"cvs": 1, "svn": 2, "git": 3, "hg": 4, "p": 5}
_AFTER_A_VERSION = re.compile(r"_(cvs|svn|git|hg|p)(?=\d|_|-|$)")


def _apk(text: str) -> univers.Version:
    """Return a version of Alpine: univers knows only `_p` of what may follow a version.

    Their order is that of https://wiki.alpinelinux.org/wiki/Package_policies and of apk-tools' `version.c`.
    """
    return univers.AlpineLinuxVersion(_AFTER_A_VERSION.sub(lambda found: f"_p{_AFTER[found[1]]}_p", text))


_SCHEMES: Mapping[str, Callable[[str], univers.Version]] = {
    "AlmaLinux": univers.RpmVersion,
    "Alpine": _apk,
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
