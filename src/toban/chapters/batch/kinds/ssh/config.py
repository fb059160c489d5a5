"""The settings in `toban.toml` of a batch that runs a command on another host.

The SSH library is loaded only if `host_key` is set: loading it takes a tenth of a second.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, ValidationInfo, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.commands.declared import CommandBinding
from toban.message import Message

_PERCENT = re.compile(r"(\d{1,3}) ?[%％]")
_WHOLE = 100


def _beside_the_file(written: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path from the folder of `toban.toml`."""
    base: Path = (info.context or {}).get("base", Path())
    return base / written.expanduser()


def _public_key(written: str) -> str:
    import asyncssh  # noqa: PLC0415

    try:
        asyncssh.import_public_key(written)
    except asyncssh.KeyImportError as error:
        raise invalid(Message("batch.not-a-public-key")) from error
    return written


@dataclass(frozen=True, slots=True)
class HostShare:
    """How many hosts at the same time: a number, or a share of all."""

    count: int = 0
    share: float = 0

    def of(self, total: int) -> int:
        """Return how many of *total* hosts; at least one."""
        return max(1, self.count or int(self.share * total))


def _share_of_hosts(written: object) -> object:
    match written:
        case HostShare():
            return written
        case "all":
            return HostShare(share=1)
        case int() if written > 0 and not isinstance(written, bool):
            return HostShare(written)
        case str() if (match := _PERCENT.fullmatch(written)) and 0 < int(match[1]) <= _WHOLE:
            return HostShare(share=int(match[1]) / _WHOLE)
        case _:
            raise invalid(Message("batch.not-a-number-of-hosts"))


class SshBatch(CommandBinding):
    """`kind = "ssh"`."""

    host: str = ""
    hosts: tuple[Annotated[str, Field(min_length=1, max_length=253)], ...] = ()
    """Several hosts, on each of which the command runs; either this or `host`."""
    at_once: Annotated[InstanceOf[HostShare], BeforeValidator(_share_of_hosts)] = HostShare(1)
    """On how many of them it may run at the same time; by default one after another."""
    on_failure: Literal["stop", "continue"] = "stop"
    """Whether more hosts begin after it failed on one."""
    port: int = Field(default=22, ge=1, le=65_535)
    user: str = Field(min_length=1)
    key: Secret
    """Where the private key is; it should be for batches only, and allowed to run little."""
    passphrase: Secret | None = None
    known_hosts: Annotated[Path, AfterValidator(_beside_the_file)] | None = None
    """The file that says which key the host has; either this or `host_key`."""
    host_key: Annotated[str, AfterValidator(_public_key)] | None = None
    """The host's public key itself."""
    connect_timeout: Length = timedelta(seconds=10)

    @model_validator(mode="after")
    def _host_is_known(self) -> Self:
        if (self.known_hosts is None) is (self.host_key is None):
            raise invalid(Message("batch.host-is-unknown"), Message("batch.write-known-hosts-or-key"))
        return self

    @model_validator(mode="after")
    def _is_for_some_host(self) -> Self:
        if bool(self.host) is bool(self.hosts):
            raise invalid(Message("batch.host-or-hosts"))
        if self.hosts and self.host_key is not None:
            raise invalid(Message("batch.one-key-for-many-hosts"), Message("batch.write-known-hosts"))
        if len(set(self.hosts)) < len(self.hosts):
            raise invalid(Message("batch.host-named-twice"))
        return self

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """The hosts, in the order of their turns."""
        return self.hosts or (self.host,)
