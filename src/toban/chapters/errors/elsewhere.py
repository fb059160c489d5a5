"""Error data that is kept under the error-log row, besides the logs. See `toban.engine.retention`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from toban.chapters.errors import kept
from toban.engine.amounts import size
from toban.engine.retention import CompanionRecords, Elsewhere
from toban.engine.said import recorded
from toban.engine.telemetry.logs.words import ERROR


def _events(start: datetime | None, end: datetime) -> Sequence[CompanionRecords]:
    """Return the error tracking data of that period. See `Elsewhere`."""
    found = kept.amount(start, end)
    events_said = recorded(
        "エラーのイベント %(count)s件 (%(size)s)", count=f"{found.events:,}", size=size(found.bytes)
    )
    hours_said = recorded("エラーの1時間ごとの件数 %(count)s件", count=f"{found.hours:,}")
    told = (
        CompanionRecords("events", events_said, found.events, found.bytes),
        CompanionRecords("hours", hours_said, found.hours),
    )
    return [each for each in told if each.count]


KEPT: Mapping[str, Elsewhere] = MappingProxyType({ERROR: _events})
