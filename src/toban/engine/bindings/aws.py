"""AWS settings in the tables of `toban.toml`: region and credentials."""

from typing import Self

from pydantic import Field, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.message import Message


class AwsAccess(Section):
    """A region, and the credentials to use there."""

    region: str = Field(min_length=1)
    access_key: Secret | None = None
    secret_key: Secret | None = None
    """Both keys or neither. Without them: the environment, AWS's own files or the machine's role."""
    endpoint_url: str = ""
    """Set for an endpoint other than the region's: a VPC endpoint, or a test server."""

    @model_validator(mode="after")
    def _both_keys_or_none(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise invalid(Message("bindings.one-key-of-two"), Message("bindings.write-both-keys-or-none"))
        return self
