"""The instances of a group that a scaling rule scales."""

from toban.chapters.capacity.scaler import SCALER_KINDS, SCALING
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.group.config import GroupUsage
from toban.engine.editions.edition import Edition


def _open(config: GroupUsage, site: UsageSite) -> UsageSource:
    # This loads Django's settings, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.group.source import GroupSource  # noqa: PLC0415

    return GroupSource(config, site)


def _sets_limit(config: GroupUsage, edition: Edition) -> bool:
    scaling = SCALING.of(edition.bindings).get(config.group)
    return scaling is None or edition.kinds.of(SCALER_KINDS)[scaling.kind].sets_limit


KIND = UsageKind(GroupUsage, _open, sets_limit=_sets_limit)
