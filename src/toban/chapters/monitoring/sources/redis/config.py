"""Settings of a target's source with `kind = "redis"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, model_validator

from toban.chapters.monitoring.sources.address import Address
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.network.tls import CaFile
from toban.message import Message


class RedisConfig(Section):
    """`kind = "redis"`: an address, and the user to log in as."""

    example: ClassVar[Mapping[str, str]] = {"address": "192.0.2.1:6379"}

    address: Address
    instance: str = ""
    """Its name for operators; empty: host and port."""
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds for connecting, and for each answer."""
    username: str = ""
    """An ACL user; empty: `default`."""
    password: Secret | None = None
    tls: bool = False
    ca_file: CaFile | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> "RedisConfig":
        if self.username and self.password is None:
            raise invalid(Message("monitoring.password-needed"))
        if self.ca_file and not self.tls:
            raise invalid(Message("monitoring.needs-tls", keys=("ca_file",)))
        return self
