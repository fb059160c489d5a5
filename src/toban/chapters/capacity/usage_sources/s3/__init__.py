"""The size of a bucket, by CloudWatch or by listing it."""

from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.s3.config import S3Usage


def _open(config: S3Usage, _site: UsageSite) -> UsageSource:
    # These load AWS's library, which code that only reads the bindings need not wait for.
    if config.is_listed:
        from toban.chapters.capacity.usage_sources.s3.listing import ListedBucket  # noqa: PLC0415

        return ListedBucket(config)
    from toban.chapters.capacity.usage_sources.s3.cloudwatch import CountedBucket  # noqa: PLC0415

    return CountedBucket(config)


KIND = UsageKind(S3Usage, _open, is_storage=lambda _config: True, unit=lambda _config: BYTE)
