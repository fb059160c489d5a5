"""The logs that Toban itself keeps."""

from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.logs.config import LogsUsage


def _open(config: LogsUsage, site: UsageSite) -> UsageSource:
    # This loads the telemetry store's client, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.logs.source import LogsSource  # noqa: PLC0415

    return LogsSource(config, site.telemetry)


KIND = UsageKind(LogsUsage, _open, is_storage=lambda _config: True, unit=lambda _config: BYTE)
