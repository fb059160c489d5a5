"""File systems of this host, or of another by SSH."""

from collections.abc import Iterator

from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.storage.config import StorageUsage
from toban.engine.trial import Doubt


def _open(config: StorageUsage, _site: UsageSite) -> UsageSource:
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.storage.source import StorageSource  # noqa: PLC0415

    return StorageSource(config)


def _doubts(config: StorageUsage, _site: UsageSite) -> Iterator[Doubt]:
    from toban.chapters.capacity.usage_sources.storage.local import doubts  # noqa: PLC0415

    if config.host is None:
        yield from doubts(config.path)


KIND = UsageKind(
    StorageUsage, _open, is_storage=lambda _config: True, unit=lambda _config: BYTE, doubts=_doubts
)
