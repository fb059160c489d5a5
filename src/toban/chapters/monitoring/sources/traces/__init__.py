"""Error rate and response time of a service, from the server spans that it sends to Toban."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.access_log.config import AccessLogConfig, PercentileConfig, ranked
from toban.design.values.metric import Metric


class TracesConfig(AccessLogConfig):
    """`kind = "traces"`: a service, by the `service.name` of its spans."""


def _build(config: AccessLogConfig) -> Source:
    # This loads the store's client, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.sources.access_log.source import (  # noqa: PLC0415
        AccessLogSource,
        PercentileSource,
    )
    from toban.engine.telemetry.requests import TRACED  # noqa: PLC0415

    if isinstance(config, PercentileConfig):
        return PercentileSource(config, requests=TRACED)
    return AccessLogSource(config, requests=TRACED)


KIND = SourceKind(
    config=TracesConfig,
    measures=frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME)),
    build=_build,
    ranked=ranked,
    # Asking the service itself says more, so `toban init` proposes this last.
    seldom=frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME)),
)
