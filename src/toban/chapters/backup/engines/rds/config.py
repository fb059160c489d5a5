"""The settings of `[backups.SUBJECT]` with `kind = "rds"`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import Method
from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.values import Length

METHODS = frozenset({Method.FULL})
"""The methods that an engine of this kind supports."""


class RdsBackup(AwsAccess, BackupBinding):
    """`kind = "rds"`: one DB instance."""

    example: ClassVar[Mapping[str, str]] = {"instance": "shop", "region": "ap-northeast-1"}

    instance: str = Field(pattern=r"^[A-Za-z](?:-?[A-Za-z0-9])*$", max_length=63)
    """The DB instance identifier."""
    patience: Length = timedelta(hours=2)
    """How long to wait for a snapshot or a new instance."""
