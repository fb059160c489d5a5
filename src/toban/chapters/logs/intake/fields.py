"""What follows from a row's fields: its day, its route. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_QUARTER = 900
_LONGEST_ROUTE = 200
_ID_LIKE = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9a-f]{16,}", re.IGNORECASE)


@lru_cache(maxsize=10_000)
def route_of(path: str) -> str:
    """Return the probable route of a path: without its query, and with placeholders for numbers and keys."""
    steps = path.partition("?")[0].split("/")
    return "/".join("{}" if _ID_LIKE.fullmatch(step) else step for step in steps)[:_LONGEST_ROUTE]


def day_of(at: float, zone: tzinfo) -> str:
    """Return the day in *zone* of a time in seconds since 1970: 2026-11-26."""
    return _day(int(at) // _QUARTER, zone)


def days_of(moments: NDArray[np.float64], zone: tzinfo) -> Sequence[str]:
    """Return the day of each of *moments*; usually it is the same for all."""
    first, last = day_of(moments.min(), zone), day_of(moments.max(), zone)
    return [first] * len(moments) if first == last else [day_of(at, zone) for at in moments.tolist()]


@lru_cache(maxsize=10_000)
def _day(quarter: int, zone: tzinfo) -> str:
    # Zone offsets from UTC are multiples of a quarter of an hour.
    return datetime.fromtimestamp(quarter * _QUARTER, zone).date().isoformat()
