"""The settings in `toban.toml` of every kind that logs in to other hosts by SSH.

The SSH library is loaded only if `host_key` is set: loading it takes a tenth of a second.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length
from toban.engine.ssh.host import SSH_PORT, SshHost
from toban.message import Message

HostName = Annotated[str, Field(min_length=1, max_length=253)]


def _beside_the_file(written: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path from the folder of `toban.toml`."""
    base: Path = (info.context or {}).get("base", Path())
    return base / written.expanduser()


def _public_key(written: str) -> str:
    import asyncssh  # noqa: PLC0415

    try:
        asyncssh.import_public_key(written)
    except asyncssh.KeyImportError as error:
        raise invalid(Message("runs.not-a-public-key")) from error
    return written


class SshLogin(Section):
    """The keys for the login, the same on every host."""

    port: int = Field(default=SSH_PORT, ge=1, le=65_535)
    user: str = Field(min_length=1)
    key: Secret
    """Where the private key is; it should be for this only, and allowed to run little."""
    passphrase: Secret | None = None
    known_hosts: Annotated[Path, AfterValidator(_beside_the_file)] | None = None
    """The file that says which key a host has; either this or `host_key`."""
    host_key: Annotated[str, AfterValidator(_public_key)] | None = None
    """The host's public key itself."""
    connect_timeout: Length = timedelta(seconds=10)

    @model_validator(mode="after")
    def _host_is_known(self) -> Self:
        if (self.known_hosts is None) is (self.host_key is None):
            raise invalid(Message("runs.host-is-unknown"), Message("runs.write-known-hosts-or-key"))
        return self

    def demand_distinct(self, hosts: Sequence[str]) -> None:
        """Refuse several hosts with one key, and a host that is named twice; for validators."""
        if len(hosts) > 1 and self.host_key is not None:
            raise invalid(Message("runs.one-key-for-many-hosts"), Message("runs.write-all-known-hosts"))
        if len(set(hosts)) < len(hosts):
            raise invalid(Message("runs.host-named-twice"))

    def way(self, name: str) -> SshHost:
        """Return the host *name* and how to log in."""
        return SshHost(
            name=name,
            port=self.port,
            user=self.user,
            key=self.key,
            passphrase=self.passphrase,
            known_hosts=self.known_hosts,
            host_key=self.host_key or "",
            connect_timeout=self.connect_timeout,
        )
