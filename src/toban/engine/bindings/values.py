"""Values that tables of `toban.toml` share: durations, clock times, shares, meanings of words, arrays."""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BeforeValidator, InstanceOf

from toban.design.assumption import Meaning
from toban.design.values.duration import read_length
from toban.design.values.quantity import BYTES, read_quantity
from toban.design.values.schedule import Schedule, read_schedule
from toban.design.values.severity import AlertLevel, read_alert_level
from toban.engine.bindings.section import Section, invalid
from toban.message import Message


@cache
def _zones() -> frozenset[str]:
    """Return all zones, for which hundreds of files are looked up: a look at the alerts asks, too."""
    return frozenset(available_timezones())


def _zone(written: object) -> object:
    if isinstance(written, str) and written not in _zones():
        raise invalid(Message("bindings.no-such-zone", zone=written), Message("bindings.write-an-iana-zone"))
    return written


ZoneName = Annotated[str, BeforeValidator(_zone)]
"""A time zone by its IANA name."""


def _web_address(written: object) -> object:
    try:
        place = urlsplit(written) if isinstance(written, str) else urlsplit("")
    except ValueError:
        place = urlsplit("")
    # A user name would be a password's beginning, or hide which host it leads to.
    if place.scheme not in {"http", "https"} or not place.hostname or "@" in place.netloc:
        raise invalid(Message("bindings.not-a-web-address"), Message("bindings.write-a-web-address"))
    return written


WebAddress = Annotated[str, BeforeValidator(_web_address)]
"""The address of a page for people: http or https, without a user name."""

Language = Literal["ja", "en"]
"""A language that Toban writes notifications in."""
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?[%％]")
_WHOLE_PERCENT = re.compile(r"(\d{1,3}) ?[%％]")
_WHOLE = 100
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def read_clock(written: str) -> time | None:
    """Read a time of day, such as 2:00; None if it is none."""
    match = _CLOCK.fullmatch(written)
    return None if match is None else time(int(match[1]), int(match[2]))


def _clock(written: object) -> object:
    if isinstance(written, time):
        return written
    found = read_clock(written) if isinstance(written, str) else None
    if found is None:
        raise invalid(Message("bindings.not-a-clock-time"))
    return found


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


def _size(written: object) -> object:
    found = read_quantity(written) if isinstance(written, str) else None
    if found is None or found.unit not in BYTES or found.value <= 0:
        raise invalid(Message("bindings.not-a-size"), Message("bindings.write-a-size"))
    return int(found.value * BYTES[found.unit])


Size = Annotated[int, BeforeValidator(_size)]
"""Bytes, written as 2GB."""


def some[M: Section](tables: tuple[M, ...]) -> tuple[M, ...]:
    """Reject an empty array; for `AfterValidator`."""
    # pydantic's own minimum length would also complain if a table in the array is invalid.
    if not tables:
        raise invalid(Message("bindings.empty"), Message("bindings.write-at-least-one"))
    return tables


@dataclass(frozen=True, slots=True)
class WordMeaning:
    """A meaning as written, and as everything that it can be read as."""

    text: str
    clock: time | None = None
    days: Schedule | None = None
    level: AlertLevel | None = None

    def says(self, asked: Meaning) -> bool:
        """Return whether it can be read as what is *asked*."""
        found = {
            Meaning.CLOCK: self.clock,
            Meaning.DAYS: self.days,
            Meaning.LEVEL: self.level,
        }
        return found[asked] is not None


def read_meaning(written: object) -> WordMeaning | None:
    """Read a meaning in the document's own words; None if it is none."""
    if isinstance(written, time):
        return WordMeaning(f"{written.hour}:{written:%M}", clock=written)
    if not isinstance(written, str):
        return None
    days = read_schedule(written)
    found = WordMeaning(
        written,
        read_clock(written),
        None if days is None or days.assumptions else days,
        read_alert_level(written),
    )
    return found if any(map(found.says, Meaning)) else None


def _meaning(written: object) -> object:
    found = written if isinstance(written, WordMeaning) else read_meaning(written)
    if found is None:
        raise invalid(Message("bindings.not-a-meaning"), Message("bindings.write-a-meaning"))
    return found


Meant = Annotated[InstanceOf[WordMeaning], BeforeValidator(_meaning)]


@dataclass(frozen=True, slots=True)
class HostShare:
    """How many hosts: a number, or a share of all."""

    count: int = 0
    share: float = 0

    def of(self, total: int) -> int:
        """Return how many of *total* hosts; at least one."""
        return max(1, self.count or int(self.share * total))


def _host_share(written: object) -> object:
    match written:
        case HostShare():
            return written
        case "all":
            return HostShare(share=1)
        case int() if written > 0 and not isinstance(written, bool):
            return HostShare(written)
        case str() if (match := _WHOLE_PERCENT.fullmatch(written)) and 0 < int(match[1]) <= _WHOLE:
            return HostShare(share=int(match[1]) / _WHOLE)
        case _:
            raise invalid(Message("bindings.not-a-number-of-hosts"))


HostCount = Annotated[InstanceOf[HostShare], BeforeValidator(_host_share)]
