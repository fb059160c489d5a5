"""Error data that is kept under the error-log row, besides the logs. See `toban.engine.retention`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from toban.chapters.errors import kept
from toban.engine.amounts import size
from toban.engine.retention import CompanionRecords, Elsewhere
from toban.engine.telemetry.logs.words import ERROR
from toban.message import Message


def _events(start: datetime | None, end: datetime) -> Sequence[CompanionRecords]:
    """Return the error tracking data of that period. See `Elsewhere`."""
    found = kept.amount(start, end)
    events_said = Message("errors.stored-events", count=found.events, size=size(found.bytes))
    hours_said = Message("errors.stored-hours", count=found.hours)
    told = (
        CompanionRecords("events", events_said, found.events, found.bytes),
        CompanionRecords("hours", hours_said, found.hours),
    )
    return [each for each in told if each.count]


KEPT: Mapping[str, Elsewhere] = MappingProxyType({ERROR: _events})
