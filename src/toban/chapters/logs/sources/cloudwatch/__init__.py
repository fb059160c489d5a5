"""A log group of CloudWatch Logs."""

from toban.chapters.logs.pulling.source import LogSource, LogSourceKind
from toban.chapters.logs.sources.cloudwatch.config import CloudWatchLogs, cost, keeping


def _build(config: CloudWatchLogs) -> LogSource:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.logs.sources.cloudwatch.source import CloudWatchLogSource  # noqa: PLC0415

    return CloudWatchLogSource(config)


KIND = LogSourceKind(CloudWatchLogs, _build, cost, keeping)
