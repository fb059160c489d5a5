"""Log rows by a search: the fullest window since the last measurement, as a document's row defines it.

Lines arrive in batches, some seconds after the events: a period is evaluated once it is `late` old. Lines
arriving later still count for as long as they are within a window.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.logs.config import CountConfig, LogRowsConfig
from toban.chapters.monitoring.sources.logs.rules import most, slide
from toban.chapters.monitoring.sources.own_store import own_store
from toban.design.values.metric import Metric
from toban.engine.amounts import length
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import Message, message_of

_ALL = "kind:*"
"""How a search for every row is written: the name of the place can be used as a search."""

_A_LOOK = timedelta(minutes=5)
"""The window if no row needs the measurement."""


class LogsSource:
    """The fullest window since the last measurement."""

    def __init__(
        self, config: LogRowsConfig | CountConfig, telemetry: Callable[[], Telemetry] = own_store
    ) -> None:
        self._config = _all_of(config) if isinstance(config, LogRowsConfig) else config
        self._telemetry = telemetry
        self._until: datetime | None = None

    @property
    def instance(self) -> str:
        return self._config.search or _ALL

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the rows of the fullest window ended since then, or raise `Unmeasurable`."""
        end = now - self._config.late
        of = slide(self._config.window, self._until, end)
        store = LogSearch(self._telemetry())
        terms = read_search(self._config.search).terms
        try:
            found = store.by_level(terms, of.span, step=of.step.total_seconds())
            if not found:
                self._require_any(store, now)
        except StoreUnavailable as away:
            raise Unmeasurable(Message("monitoring.log-store-unavailable", reason=message_of(away))) from away
        self._until = end
        counts: Counter[int] = Counter()
        for (at, _), rows in found.items():
            counts[round((at - of.span.start) / of.step)] += rows
        count = float(most(counts, of))
        return (Measurement(Metric.LOG_COUNT, self.instance, end, count, self._config.note),)

    def close(self) -> None:
        """There is nothing to close."""

    def _require_any(self, store: LogSearch, now: datetime) -> None:
        """Accept zero rows as zero only if other rows of the target have arrived."""
        span = TimeSpan(now - self._config.quiet, now)
        if not store.newest(read_search(self._config.query).terms, span, limit=1):
            code = "monitoring.no-lines-of-search" if self._config.query else "monitoring.no-lines"
            raise Unmeasurable(Message(code, query=self._config.query, span=length(self._config.quiet)))


def _all_of(config: LogRowsConfig) -> CountConfig:
    return CountConfig(
        query=config.query,
        search=config.query,
        window=config.window or _A_LOOK,
        late=config.late,
        quiet=config.quiet,
    )
