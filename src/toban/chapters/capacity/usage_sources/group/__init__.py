"""The instances of a group that a scaling rule scales."""

from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.group.config import GroupUsage


def _open(config: GroupUsage, site: UsageSite) -> UsageSource:
    # This loads Django's settings, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.group.source import GroupSource  # noqa: PLC0415

    return GroupSource(config, site)


KIND = UsageKind(GroupUsage, _open)
