"""Periods of time. Pure."""

from collections.abc import Iterable
from datetime import datetime

type Span = tuple[datetime, datetime]
"""Start (included) and end (excluded)."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return *spans* in order; those that touch or overlap are merged."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found
