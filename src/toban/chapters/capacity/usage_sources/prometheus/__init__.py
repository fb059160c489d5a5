"""Whatever a Prometheus server knows, by two queries."""

from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.prometheus.config import PrometheusUsage


def _open(config: PrometheusUsage, _site: UsageSite) -> UsageSource:
    # This loads the HTTP client, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.prometheus.source import PrometheusSource  # noqa: PLC0415

    return PrometheusSource(config)


KIND = UsageKind(
    PrometheusUsage,
    _open,
    is_storage=lambda config: config.measures == "bytes",
    unit=lambda config: BYTE if config.measures == "bytes" else "",
)
