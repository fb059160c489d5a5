"""How severe a vulnerability is: by its CVSS vector, or by the word that its source gives. Pure.

https://www.first.org/cvss/specification-document
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError


class Rating(StrEnum):
    """The qualitative ratings of CVSS, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"
    """Its source doesn't say."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _ORDER[self]


_ORDER = {each: at for at, each in enumerate(Rating)}
_CALCULATORS = {"CVSS_V4": CVSS4, "CVSS_V3": CVSS3, "CVSS_V2": CVSS2}
_WORDS: Mapping[str, Rating] = {
    "critical": Rating.CRITICAL,
    "high": Rating.HIGH,
    "important": Rating.HIGH,
    "medium": Rating.MEDIUM,
    "moderate": Rating.MEDIUM,
    "low": Rating.LOW,
    "negligible": Rating.LOW,
    "none": Rating.LOW,
    "unimportant": Rating.LOW,
}
"""The words of GitHub, Debian, Ubuntu and Red Hat besides those of CVSS."""


def rating_of(record: Mapping[str, Any]) -> Rating:
    """Return the worst rating that *record*, an advisory or a part of it, gives of itself."""
    return min(_ratings(record), key=lambda each: each.rank, default=Rating.UNKNOWN)


def worded(word: object) -> Rating:
    """Return what a source's *word* for a severity means."""
    return _WORDS.get(word.strip().lower(), Rating.UNKNOWN) if isinstance(word, str) else Rating.UNKNOWN


@lru_cache(maxsize=8192)
def rated(kind: str, vector: str) -> Rating:
    """Return the rating of a CVSS *vector*; OSV writes *kind* as `CVSS_V3`."""
    calculator = _CALCULATORS.get(kind)
    if calculator is None:
        return worded(vector)
    try:
        return worded(calculator(vector).severities()[0])
    except (CVSSError, ValueError, KeyError, IndexError):
        return Rating.UNKNOWN


def _ratings(record: Mapping[str, Any]) -> Iterator[Rating]:
    written = record.get("severity")
    for each in written if isinstance(written, list) else ():
        if isinstance(each, dict) and isinstance(each.get("score"), str):
            yield rated(str(each.get("type")), each["score"])
    for place in ("database_specific", "ecosystem_specific"):
        if isinstance(said := record.get(place), dict):
            yield worded(said.get("severity"))
            yield worded(said.get("urgency"))
