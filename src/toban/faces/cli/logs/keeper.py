"""Chapter 3's keeper of logs, for the worker and `toban retention`: events of errors are kept by its rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from toban.chapters.errors import kept
from toban.chapters.logs.keeping.keeper import Keeper
from toban.chapters.logs.keeping.retention import Beside, Elsewhere
from toban.engine.amounts import size
from toban.engine.said import recorded
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.logs.words import ERROR
from toban.engine.telemetry.store import Telemetry


def events(start: datetime | None, end: datetime) -> Sequence[Beside]:
    """Return what error tracking has of that time. See `Elsewhere`."""
    found = kept.amount(start, end)
    events_said = recorded(
        "エラーのイベント %(count)s件 (%(size)s)", count=f"{found.events:,}", size=size(found.bytes)
    )
    hours_said = recorded("エラーの一時間ごとの数 %(count)s件", count=f"{found.hours:,}")
    told = (
        Beside("events", events_said, found.events, found.bytes),
        Beside("hours", hours_said, found.hours),
    )
    return [each for each in told if each.count]


ELSEWHERE: Mapping[str, Elsewhere] = MappingProxyType({ERROR: events})


def keeper_of(telemetry: Telemetry) -> Keeper:
    """Return the keeper of the logs in *telemetry*, and of what is kept by their rows."""
    return Keeper(LogDays(telemetry), ELSEWHERE)
