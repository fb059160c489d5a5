"""The storage of an RDS instance, or of the Aurora cluster that it belongs to."""

from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.rds.config import RdsUsage


def _open(config: RdsUsage, _site: UsageSite) -> UsageSource:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.rds.source import RdsSource  # noqa: PLC0415

    return RdsSource(config)


KIND = UsageKind(RdsUsage, _open, is_storage=lambda _config: True, unit=lambda _config: BYTE)
