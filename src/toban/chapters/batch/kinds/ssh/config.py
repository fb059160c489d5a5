"""The settings in `toban.toml` of a batch that runs a command on another host.

The SSH library is loaded only if `host_key` is set: loading it takes a tenth of a second.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.commands.declared import CommandBinding
from toban.message import Message


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


class SshBatch(CommandBinding):
    """`kind = "ssh"`."""

    host: str = Field(min_length=1)
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
    def _no_secret_travels(self) -> Self:
        # It would be on the other host's list of processes.
        secret = next((name for name, each in self.parameters.items() if each.kind == "secret"), None)
        if secret is not None:
            raise invalid(Message("batch.no-secret-over-ssh", name=secret), Message("batch.place-it-there"))
        return self
