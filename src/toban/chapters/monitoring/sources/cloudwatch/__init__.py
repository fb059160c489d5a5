"""CloudWatch's metrics of EC2 instances, RDS, application load balancers, and any custom metric."""

from toban.chapters.monitoring.source import Source, SourceKind
from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.cost import cost
from toban.chapters.monitoring.sources.cloudwatch.values import OF_RESOURCES, asked_for


def _build(config: CloudWatchConfig) -> Source:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.sources.cloudwatch.source import CloudWatchSource  # noqa: PLC0415

    return CloudWatchSource(config)


KIND = SourceKind(
    config=CloudWatchConfig,
    measures=OF_RESOURCES,
    build=_build,
    asked_for=asked_for,
    cost=cost,
)
