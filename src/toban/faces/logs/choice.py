"""What the address of the logs page asks for: a search, a stretch of time, a place among the rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from toban.engine.search_parts import BadSearch
from toban.engine.telemetry.logs.search import RowPosition, TimeSpan
from toban.message import Message

LENGTHS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
"""Stretches up to now, by their name in the address."""

USUAL = "1h"
BARS = 62
"""The most bars of a histogram: sixty, and a partial one at either end."""

_STEPS = tuple(
    timedelta(seconds=each)
    for each in (1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
)
_YEARS = range(2000, 2200)


class BadRange(BadSearch):
    """The stretch of time can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class LogChoice:
    """What the address asks for, as it was written."""

    q: str = ""
    last: str = USUAL
    """One of `LENGTHS`; `begin` and `end` take precedence."""
    begin: str = ""
    end: str = ""

    @property
    def query(self) -> str:
        """The choice as the query of an address."""
        return self.turned()

    def turned(self, **changes: str) -> str:
        """Return the query of the same choice with *changes*."""
        ends = {"from": self.begin, "to": self.end}
        asked = {"q": self.q, "last": "" if any(ends.values()) else self.last, **ends, **changes}
        return urlencode({name: value for name, value in asked.items() if value})


def choice(asked: Mapping[str, str]) -> LogChoice:
    """Read the choice of an address or a form."""
    last = asked.get("last", USUAL)
    return LogChoice(
        q=asked.get("q", "").strip(),
        last=last if last in LENGTHS else USUAL,
        begin=asked.get("from", "").strip(),
        end=asked.get("to", "").strip(),
    )


def span_of(chosen: LogChoice, zone: ZoneInfo, now: datetime) -> TimeSpan:
    """Return the stretch that *chosen* asks for, or raise `BadRange`.

    A stretch up to now begins and ends on whole steps of its histogram, and so do the bars.
    """
    if not chosen.begin and not chosen.end:
        length = LENGTHS[chosen.last]
        whole = step_of(TimeSpan(now - length, now))
        return TimeSpan(_floor(now - length, whole), _floor(now, whole) + whole)
    end = moment_in(chosen.end, zone) if chosen.end else now
    start = moment_in(chosen.begin, zone) if chosen.begin else end - LENGTHS[USUAL]
    if start >= end:
        raise BadRange(Message("telemetry.start-after-end"))
    return TimeSpan(start, end)


def step_of(span: TimeSpan) -> timedelta:
    """Return how long each bar of a histogram over *span* is."""
    longest = _STEPS[-1]
    wanted = (span.end - span.start) / BARS
    return next((each for each in _STEPS if each >= wanted), -(-wanted // longest) * longest)


def moment_in(written: str, zone: ZoneInfo) -> datetime:
    """Read a moment to the millisecond, in *zone* unless it names one, or raise `BadRange`."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError as flaw:
        raise BadRange(Message("telemetry.not-a-time", written=written[:40])) from flaw
    if found.year not in _YEARS:
        raise BadRange(Message("telemetry.not-a-time", written=written[:40]))
    placed = found if found.tzinfo else found.replace(tzinfo=zone)
    # In UTC: in other zones, an hour added is not always an hour later.
    return placed.replace(microsecond=placed.microsecond // 1000 * 1000).astimezone(UTC)


def written(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment for the address and for its field: to the second if needed."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return local.isoformat(timespec="minutes" if local.second == 0 else "seconds")


def place_text(place: RowPosition) -> str:
    """Write a row's place for an address."""
    return "-".join(map(str, place))


def place_in(text: str) -> RowPosition | None:
    """Read a row's place; None if *text* is not one."""
    parts = text.split("-")
    if len(parts) != len(_PLACE) or not all(each.isascii() and each.isdecimal() for each in parts):
        return None
    if any(len(each) > len(str(most)) or int(each) > most for each, most in zip(parts, _PLACE, strict=True)):
        return None
    at, batch, number = map(int, parts)
    return RowPosition(at, batch, number)


_PLACE = (int(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1000), 2**64 - 1, 2**32 - 2)
"""The greatest value of each part that fits into its column and can still have a next one."""


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % step
