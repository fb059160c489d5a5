"""`host:port` as operators write it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from toban.engine.bindings.section import invalid
from toban.message import Message


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port; `[::1]:6379` for an IPv6 address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def read(cls, written: object) -> "Address":
        """Read an address as written, or complain without repeating it: it might contain credentials."""
        if isinstance(written, cls):
            return written
        try:
            parts = urlsplit(f"//{written}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not port or parts.netloc != str(written) or "@" in parts.netloc:
            raise invalid(Message("monitoring.not-an-address"), Message("monitoring.write-host-and-port"))
        return cls(host, port)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)
