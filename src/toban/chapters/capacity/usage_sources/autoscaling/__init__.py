"""The instances of an Auto Scaling group."""

from collections.abc import Iterator

from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.autoscaling.config import AutoScalingUsage
from toban.engine.trial import Doubt


def _open(config: AutoScalingUsage, _site: UsageSite) -> UsageSource:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.autoscaling.source import AutoScalingSource  # noqa: PLC0415

    return AutoScalingSource(config)


def _doubts(config: AutoScalingUsage, _site: UsageSite) -> Iterator[Doubt]:
    from toban.chapters.capacity.usage_sources.autoscaling.source import doubts  # noqa: PLC0415

    yield from doubts(config)


KIND = UsageKind(AutoScalingUsage, _open, doubts=_doubts)
