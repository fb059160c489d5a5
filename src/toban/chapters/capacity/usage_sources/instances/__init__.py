"""The instances of a target, by the samples that monitoring has of them."""

from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.instances.config import InstancesUsage


def _open(config: InstancesUsage, site: UsageSite) -> UsageSource:
    # This loads the telemetry store's client, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.instances.source import InstancesSource  # noqa: PLC0415

    return InstancesSource(config, site.telemetry)


KIND = UsageKind(InstancesUsage, _open)
