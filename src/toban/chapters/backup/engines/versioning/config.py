"""The settings of `[backups.SUBJECT]` with `kind = "versioning"`."""

from collections.abc import Mapping
from typing import ClassVar

from toban.chapters.backup.bindings import BackupBinding
from toban.engine.stores.s3.config import BucketAddress


class VersioningBackup(BackupBinding, BucketAddress):
    """`kind = "versioning"`: one bucket."""

    example: ClassVar[Mapping[str, str]] = {"bucket": "shop-files"}
