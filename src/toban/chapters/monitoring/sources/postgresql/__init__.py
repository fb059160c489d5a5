"""PostgreSQL over a real connection: the number of connections, and the lag of standbys."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.postgresql.config import PostgresqlConfig
from toban.design.values.metric import Metric


def _build(config: PostgresqlConfig) -> Source:
    # This loads the database's driver, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.sources.postgresql.source import PostgresqlSource  # noqa: PLC0415

    return PostgresqlSource(config)


KIND = SourceKind(
    config=PostgresqlConfig,
    measures=frozenset((Metric.UP, Metric.CONNECTIONS, Metric.REPLICATION_LAG)),
    build=_build,
)
