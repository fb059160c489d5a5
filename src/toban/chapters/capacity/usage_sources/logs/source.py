"""Adding up the sizes of the kept days of logs, which the telemetry store knows without reading them."""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.logs.config import LogsUsage
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.logs.words import kind_of
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.message import Message, plain

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry


class LogsSource:
    """All logs of the store, or one kind of them."""

    def __init__(self, config: LogsUsage, telemetry: "Telemetry") -> None:
        self._config = config
        self._days = LogDays(telemetry)

    def measure(self, now: datetime) -> UsageReading:  # noqa: ARG002
        """Ask the store; see `UsageSource`."""
        try:
            days = self._days.parts()
        except (StoreUnavailable, StoreRefused) as error:
            said = Message("capacity-usage.store-unavailable", why=plain(str(error)))
            raise UsageUnknown(said, hint=Message("capacity-usage.check-the-store")) from error
        sizes: Counter[str] = Counter()
        for each in days:
            sizes[each.kind] += each.bytes
        if self._config.log:
            return self._of_kind(sizes)
        parts = {kind: float(sizes[kind]) for kind in sorted(sizes)}
        return UsageReading(sum(parts.values()), None, parts)

    def close(self) -> None:
        """There is nothing to close: the store is everybody's."""

    def _of_kind(self, sizes: Counter[str]) -> UsageReading:
        kind = kind_of(self._config.log)
        if kind not in sizes:
            said = Message("capacity-usage.no-such-log", log=self._config.log, kinds=sorted(sizes) or "-")
            raise UsageUnknown(said, hint=Message("capacity-usage.check-the-log"))
        return UsageReading(float(sizes[kind]))
