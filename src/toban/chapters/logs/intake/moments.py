"""When a line was written, by the value that its logger gave. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

from toban.chapters.logs.formats import access, text

_FROM = 1e8
"""Numbers below this are durations and counters: as seconds since 1970 they would be before March 1973."""
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From the first number on, times are in nanoseconds, microseconds, milliseconds: in the next larger unit,
they would be in the year 5138."""
_LAST = 1e20
_OF_SECONDS = ("epochSecond", "seconds")
_OF_NANOSECONDS = ("nanoOfSecond", "nanos")


def moment_of(written: object, zone: tzinfo) -> float | None:
    """Return a time in seconds since 1970, to the millisecond; None if *written* is not understood.

    A time without an offset is in *zone*.
    """
    if isinstance(written, str):
        return _of_text(written.strip(), zone)
    if isinstance(written, Mapping):
        return _of_parts(written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        return None
    return _of_number(written)


def _of_number(number: float) -> float | None:
    if not _FROM <= number < _LAST:
        return None
    unit = next((unit for start, unit in _UNITS if number >= start), 1.0)
    return round(number / unit, 3)


def _of_parts(parts: Mapping[str, object]) -> float | None:
    """Return the time of Log4j's `instant`, and of Protobuf's timestamps."""
    seconds, nanoseconds = (
        next((value for name in names if isinstance(value := parts.get(name), int)), 0)
        for names in (_OF_SECONDS, _OF_NANOSECONDS)
    )
    return _of_number(seconds + nanoseconds / 1e9)


def _of_text(written: str, zone: tzinfo) -> float | None:
    with suppress(ValueError):
        if (found := _of_number(float(written))) is not None:
            return found
    moment = _moment(written, zone)
    return None if moment is None else (moment.timestamp() * 1000 + 0.5) // 1 / 1000


def _moment(written: str, zone: tzinfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return text.time_in(written, zone) or _common(written) or _of_mail(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _common(written: str) -> datetime | None:
    """Return the time of the common log format, which nginx writes as `$time_local`."""
    found = access.time_of(written.strip("[]"))
    return datetime.fromisoformat(found) if found else None


def _of_mail(written: str) -> datetime | None:
    """Return the time of RFC 5322, which HTTP uses as well."""
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
