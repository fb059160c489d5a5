"""Error rate and response time of a service, from the access logs that it sends to Toban."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.access_log.config import AccessLogConfig, PercentileConfig, ranked
from toban.design.values.metric import Metric


def _build(config: AccessLogConfig | PercentileConfig) -> Source:
    # This loads the store's client, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.sources.access_log.source import (  # noqa: PLC0415
        AccessLogSource,
        PercentileSource,
    )

    return PercentileSource(config) if isinstance(config, PercentileConfig) else AccessLogSource(config)


KIND = SourceKind(
    config=AccessLogConfig,
    measures=frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME)),
    build=_build,
    ranked=ranked,
    # Asking the service itself says more, so `toban init` proposes this last.
    seldom=frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME)),
)
