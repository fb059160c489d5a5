"""What `[backups.SUBJECT]` says with `kind = "rds"`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Self

from pydantic import Field, model_validator

from toban.engine.bindings.model import BackupBinding, Length
from toban.engine.bindings.secret import Secret


class RdsBackup(BackupBinding):
    """`kind = "rds"`: one DB instance."""

    example: ClassVar[Mapping[str, str]] = {"instance": "shop", "region": "ap-northeast-1"}

    instance: str = Field(pattern=r"^[A-Za-z](?:-?[A-Za-z0-9])*$", max_length=63)
    """The DB instance identifier."""
    region: str = Field(min_length=1)
    access_key: Secret | None = None
    secret_key: Secret | None = None
    """Both or none: none takes the environment's, AWS's own files or the machine's role."""
    endpoint_url: str = ""
    """Of another endpoint than the region's: a VPC endpoint, or a server for tests."""
    patience: Length = timedelta(hours=2)
    """How long to wait for a snapshot or a new instance."""

    @model_validator(mode="after")
    def _both_keys_or_none(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key と secret_key は両方書くか、両方書かないでください")
        return self
