"""Rows of log by a search: the fullest window since the last look, of those that the document's row names.

Lines come in batches, some seconds after what they tell of: a stretch is looked at once it is `late` old, and
what comes later still counts for as long as it lies within a window.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from toban.chapters.monitoring.counting import Counting
from toban.chapters.monitoring.limits import Unjudgeable
from toban.chapters.monitoring.source import Measurement, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.logs.rules import most, slide
from toban.chapters.monitoring.sources.own_store import own_store
from toban.design.values.metric import Metric
from toban.engine.amounts import length
from toban.engine.bindings.model import Length, Section
from toban.engine.telemetry.log_language import BadSearch, read_search
from toban.engine.telemetry.log_search import LogSearch, Span
from toban.engine.telemetry.store import StoreUnavailable, Telemetry

_ALL = "kind:*"
"""How a search for every row is written: who reads the name of the place can search by it."""

_A_LOOK = timedelta(minutes=5)
"""The window of a look that no row has asked for."""


def _search(written: str) -> str:
    try:
        return read_search(written).written
    except BadSearch as bad:
        hint = "toban logs と同じ書き方です: level:ERROR service:shop-api"
        raise PydanticCustomError(
            "search", "検索として読めません: {why}", {"why": str(bad), "hint": hint}
        ) from bad


type Search = Annotated[str, AfterValidator(_search)]


class _Patience(Section):
    """When rows count, and when their absence says something."""

    late: Length = timedelta(seconds=10)
    """How late lines may come and still be seen by the first look at their time."""
    quiet: Length = timedelta(days=1)
    """When no line at all came for so long, nothing is measured: silence is no zero."""


class LogsConfig(_Patience):
    """`kind = "logs"`: rows of the logs that are sent here."""

    example: ClassVar[Mapping[str, str]] = {"query": "service:shop-api"}

    query: Search = ""
    """Of which rows the target's are: a search that holds for each of them."""
    items: Mapping[str, Search] = {}
    """What the document calls a thing → the search that finds it; takes the place of the row's own words."""
    window: Length | None = None
    """Within what time is counted where the document's row doesn't say."""

    def __hash__(self) -> int:
        # The items, a mapping, have no hash; equality looks at everything.
        return hash((type(self), self.query, self.window))

    @model_validator(mode="after")
    def _window_is_at_most_a_day(self) -> Self:
        if self.window is not None and self.window > timedelta(days=1):
            raise PydanticCustomError(
                "window", "件数を数える期間は1日までです", {"hint": "1日以下にしてください"}
            )
        return self


class CountConfig(_Patience):
    """What is counted for one row."""

    query: str
    """Of which rows the target's are."""
    search: str
    """Which of them count."""
    window: timedelta
    note: str = ""
    """What explains the count, where the row itself does not say the window."""


class LogsSource:
    """The fullest window since the last look."""

    def __init__(
        self, config: LogsConfig | CountConfig, telemetry: Callable[[], Telemetry] = own_store
    ) -> None:
        self._config = _all_of(config) if isinstance(config, LogsConfig) else config
        self._telemetry = telemetry
        self._until: datetime | None = None

    @property
    def instance(self) -> str:
        return self._config.search or _ALL

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the rows of the fullest window that has ended since, or raise `Unmeasurable`."""
        end = now - self._config.late
        of = slide(self._config.window, self._until, end)
        store = LogSearch(self._telemetry())
        terms = read_search(self._config.search).terms
        try:
            found = store.by_level(terms, of.span, step=of.step.total_seconds())
            if not found:
                self._require_any(store, now)
        except StoreUnavailable as away:
            raise Unmeasurable(f"ログの置き場が答えません: {away}") from away
        self._until = end
        counts: Counter[int] = Counter()
        for (at, _), rows in found.items():
            counts[round((at - of.span.start) / of.step)] += rows
        count = float(most(counts, of))
        return (Measurement(Metric.LOG_COUNT, self.instance, end, count, self._config.note),)

    def close(self) -> None:
        """Nothing of its own is held open."""

    def _require_any(self, store: LogSearch, now: datetime) -> None:
        """Take no row for none only where others of the target's have come."""
        span = Span(now - self._config.quiet, now)
        if not store.newest(read_search(self._config.query).terms, span, limit=1):
            named = f"「{self._config.query}」の" if self._config.query else ""
            raise Unmeasurable(f"{named}ログが{length(self._config.quiet)}のあいだ一行も届いていません")


def _all_of(config: LogsConfig) -> CountConfig:
    return CountConfig(
        query=config.query,
        search=config.query,
        window=config.window or _A_LOOK,
        late=config.late,
        quiet=config.quiet,
    )


def _counted(config: LogsConfig, row: Counting) -> CountConfig:
    """Return what of *config* is counted for *row*, or raise `Unjudgeable` with what is not said."""
    search = config.items.get(row.item, row.search)
    if search is None:
        raise Unjudgeable(
            f"「{row.item}」がどのログかが分かりません:"
            f' kind = "logs" の items に "{row.item}" = "検索" を書いてください'
        )
    window = row.window or config.window
    if window is None:
        raise Unjudgeable(
            f"「{row.item}」を何分間に数えるのかが書かれていません: 文書に「5分間に10件以上」と書くか、"
            'kind = "logs" に window = "5分" を書いてください'
        )
    whole = " ".join(part for part in (config.query, search) if part)
    return CountConfig(
        query=config.query,
        search=whole,
        window=window,
        note="" if row.window else f"{length(window)}間",
        late=config.late,
        quiet=config.quiet,
    )


KIND = SourceKind(
    config=LogsConfig,
    measures=frozenset((Metric.LOG_COUNT,)),
    build=LogsSource,
    counted=_counted,
)
