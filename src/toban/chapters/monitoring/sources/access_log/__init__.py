"""Error rate and response time of a service, from the access logs that it sends here."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.access_log.config import AccessLogConfig
from toban.design.values.metric import Metric


def _build(config: AccessLogConfig) -> Source:
    # It loads the store's client, which those who only read the bindings need not wait for.
    from toban.chapters.monitoring.sources.access_log.source import AccessLogSource  # noqa: PLC0415

    return AccessLogSource(config)


KIND = SourceKind(
    config=AccessLogConfig,
    measures=frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME)),
    build=_build,
    # Where a service can be asked itself, that says more; `toban init` proposes this last.
    seldom=frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME)),
)
