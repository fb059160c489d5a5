"""The size of a bucket by the list of its objects, with their earlier versions.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.s3.config import S3Usage
from toban.engine import amounts, aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.s3.clients import settings_client
from toban.engine.stores.s3.trouble import trouble_of
from toban.message import Message, message_of

_RIGHTS = ("s3:ListBucket", "s3:GetBucketVersioning", "s3:ListBucketVersions")
_LONGEST_REQUEST = 10.0
"""Seconds."""
_ATTEMPTS = 2
_KNOWS_NO_VERSIONS = frozenset(("NotImplemented", "MethodNotAllowed"))
_STANDARD = "STANDARD"


class ListedBucket:
    """One bucket, or a part of it."""

    def __init__(self, config: S3Usage) -> None:
        self._config = config
        self._client: Any = None

    def measure(self, now: datetime) -> UsageReading:  # noqa: ARG002
        """List all of it; see `UsageSource`."""
        try:
            if self._client is None:
                patience = min(self._config.timeout, _LONGEST_REQUEST)
                self._client = settings_client(self._config, read_timeout=patience, attempts=_ATTEMPTS)
            sizes = self._listed()
        except SecretUnavailable as missing:
            raise UsageUnknown(message_of(missing)) from missing
        except ClientError as error:
            trouble = trouble_of(error, self._place, self._config.prefix or "*")
            hint = Message("capacity-usage.allow-actions", actions=_RIGHTS)
            raise UsageUnknown(message_of(trouble), hint=hint) from error
        except aws.FAULTS as error:
            said = aws.fault_of(error, self._place).words
            raise UsageUnknown(said, hint=Message("capacity-usage.check-the-endpoint")) from error
        parts = {name: float(sizes[name]) for name in sorted(sizes)}
        return UsageReading(sum(parts.values()), None, parts if len(parts) > 1 else {})

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def _place(self) -> str:
        return f"s3://{self._config.bucket}/{self._config.prefix}".rstrip("/")

    def _listed(self) -> Mapping[str, int]:
        deadline = time.monotonic() + self._config.timeout
        sizes: Counter[str] = Counter()
        count = 0
        for page in self._pages():
            for name, size in page:
                sizes[name] += size
                count += 1
            if count > self._config.most_objects:
                raise self._broken_off("capacity-usage.too-many-objects", sizes, count)
            if time.monotonic() > deadline:
                raise self._broken_off("capacity-usage.listing-too-slow", sizes, count)
        return sizes

    def _pages(self) -> Iterator[Iterator[tuple[str, int]]]:
        """Yield the objects of each page by their storage class, and their size."""
        asked = {"Bucket": self._config.bucket, "Prefix": self._config.prefix}
        if self._has_versions():
            for page in self._client.get_paginator("list_object_versions").paginate(**asked):
                yield (_sized(each, each["IsLatest"]) for each in page.get("Versions", ()))
        else:
            for page in self._client.get_paginator("list_objects_v2").paginate(**asked):
                yield (_sized(each, is_current=True) for each in page.get("Contents", ()))

    def _has_versions(self) -> bool:
        """Return whether earlier versions may be kept, which a plain list does not show."""
        try:
            answer = self._client.get_bucket_versioning(Bucket=self._config.bucket)
        except ClientError as error:
            if aws.code_of(error) in _KNOWS_NO_VERSIONS:
                return False
            raise
        return bool(answer.get("Status"))

    def _broken_off(self, code: str, sizes: Counter[str], count: int) -> UsageUnknown:
        said = Message(
            code,
            place=self._place,
            count=count,
            most=self._config.most_objects,
            size=amounts.size(sizes.total()),
            seconds=self._config.timeout,
        )
        return UsageUnknown(said, hint=Message("capacity-usage.raise-or-count-otherwise"))


def _sized(listed: Mapping[str, Any], is_current: bool) -> tuple[str, int]:
    name = str(listed.get("StorageClass") or _STANDARD)
    return name if is_current else f"{name}/noncurrent", int(listed["Size"])
