"""How many log rows a row of the document matches within its window."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.logs.config import CountConfig, LogRowsConfig, counted
from toban.design.values.metric import Metric


def _build(config: LogRowsConfig | CountConfig) -> Source:
    # This loads the store's client, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.sources.logs.source import LogsSource  # noqa: PLC0415

    return LogsSource(config)


KIND = SourceKind(
    config=LogRowsConfig,
    measures=frozenset((Metric.LOG_COUNT,)),
    build=_build,
    counted=counted,
)
