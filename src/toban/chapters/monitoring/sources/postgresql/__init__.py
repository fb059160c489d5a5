"""PostgreSQL over a real connection: how many are connected, how far standbys are behind."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.postgresql.config import PostgresqlConfig
from toban.design.values.metric import Metric


def _build(config: PostgresqlConfig) -> Source:
    # It loads the database's driver, which those who only read the bindings need not wait for.
    from toban.chapters.monitoring.sources.postgresql.source import PostgresqlSource  # noqa: PLC0415

    return PostgresqlSource(config)


KIND = SourceKind(
    config=PostgresqlConfig,
    measures=frozenset((Metric.UP, Metric.CONNECTIONS, Metric.REPLICATION_LAG)),
    build=_build,
)
