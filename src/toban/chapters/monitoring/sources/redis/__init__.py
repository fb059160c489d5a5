"""Redis over a real connection: clients, memory, and the lag of replicas."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.redis.config import RedisConfig
from toban.design.values.metric import Metric


def _build(config: RedisConfig) -> Source:
    # This loads Redis' library, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.sources.redis.source import RedisSource  # noqa: PLC0415

    return RedisSource(config)


KIND = SourceKind(
    config=RedisConfig,
    measures=frozenset((Metric.UP, Metric.CONNECTIONS, Metric.MEMORY_USAGE, Metric.REPLICATION_LAG)),
    build=_build,
)
