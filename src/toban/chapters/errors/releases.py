"""Which of two releases is older. Pure."""

import re
from collections.abc import Sequence

# shop@1.4.2-rc.1+5f3a: package, version (https://semver.org), and a build, which does not affect the order.
_VERSION = re.compile(
    r"(?:(?P<package>.+)@)?v?(?P<numbers>\d+(?:\.\d+)+)(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+.*)?"
)
_LONGEST_NUMBER = 18

type _Part = tuple[int, int, str]


def is_before(one: str, other: str, order: Sequence[str]) -> bool:
    """Say whether *one* is older than *other*, by version or else by *order*, in which they were first seen.

    A release that was never seen is newer than all others.
    """
    if one == other:
        return False
    versions = _version(one), _version(other)
    if versions[0] is not None and versions[1] is not None:
        return versions[0] < versions[1]
    places = [order.index(each) if each in order else len(order) for each in (one, other)]
    return places[0] < places[1]


def _version(release: str) -> tuple[tuple[int, ...], bool, tuple[_Part, ...]] | None:
    found = _VERSION.fullmatch(release)
    if found is None:
        return None
    numbers = found["numbers"].split(".")
    if max(map(len, numbers)) > _LONGEST_NUMBER:
        return None
    values = [int(each) for each in numbers]
    while values and not values[-1]:
        # 1.4 equals 1.4.0.
        values.pop()
    pre = found["pre"] or ""
    return tuple(values), not pre, tuple(_part(each) for each in pre.split("."))


def _part(written: str) -> _Part:
    """Return a part of a pre-release: numbers sort before words, and numerically."""
    is_number = written.isascii() and written.isdecimal() and len(written) <= _LONGEST_NUMBER
    return (0, int(written), "") if is_number else (1, 0, written)
