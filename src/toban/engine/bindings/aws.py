"""What the tables of `toban.toml` say of AWS: where, and who asks there."""

from typing import Self

from pydantic import Field, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section


class AwsAccess(Section):
    """A region, and who asks there."""

    region: str = Field(min_length=1)
    access_key: Secret | None = None
    secret_key: Secret | None = None
    """Both or none: none takes the environment's, AWS's own files or the machine's role."""
    endpoint_url: str = ""
    """Of another endpoint than the region's: a VPC endpoint, or a server for tests."""

    @model_validator(mode="after")
    def _both_keys_or_none(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key と secret_key は両方書くか、両方書かないでください")
        return self
