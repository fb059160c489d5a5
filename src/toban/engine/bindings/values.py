"""Values that tables of `toban.toml` share: durations, clock times, shares, arrays that may not be empty."""

import re
from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator

from toban.design.values.duration import read_length
from toban.engine.bindings.section import Section, invalid
from toban.message import Message

Language = Literal["ja", "en"]
"""A language that Toban writes notifications in."""
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?[%％]")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _clock(written: object) -> object:
    if isinstance(written, time):
        return written
    match = _CLOCK.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise invalid(Message("bindings.not-a-clock-time"))
    return time(int(match[1]), int(match[2]))


ClockTime = Annotated[time, BeforeValidator(_clock)]


def _length(written: object) -> object:
    if isinstance(written, timedelta):
        return written
    found = read_length(written) if isinstance(written, str) else None
    if found is None or found.as_timedelta() <= timedelta(0):
        raise invalid(Message("bindings.not-a-length"))
    return found.as_timedelta()


Length = Annotated[timedelta, BeforeValidator(_length)]


def _share(written: object) -> object:
    match = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    share = float(match[1]) / 100 if match else 0.0
    # A number alone is not accepted: 0.95 could be 95% or less than 1%.
    if not 0 < share <= 1:
        raise invalid(Message("bindings.not-a-share"))
    return share


Share = Annotated[float, BeforeValidator(_share)]


def some[M: Section](tables: tuple[M, ...]) -> tuple[M, ...]:
    """Reject an empty array; for `AfterValidator`."""
    # pydantic's own minimum length would also complain if a table in the array is invalid.
    if not tables:
        raise invalid(Message("bindings.empty"), Message("bindings.write-at-least-one"))
    return tables
