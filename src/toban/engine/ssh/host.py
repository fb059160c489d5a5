"""A host that is reached by SSH, and what it means that it is not."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from toban.engine.bindings.secret import Secret
from toban.message import Message

SSH_PORT = 22


class Unreachable(Exception):
    """The host can't be used; `hint` is the way out, and `lasting` says that a retry is useless."""

    def __init__(self, message: Message, hint: Message, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.lasting = lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class SshHost:
    """A host, the login there, and the host's own proof of identity."""

    name: str
    port: int
    user: str
    key: Secret
    """The private key itself, in OpenSSH's or PEM form."""
    passphrase: Secret | None = None
    known_hosts: Path | None = None
    """In OpenSSH's format (sshd(8)); either this or `host_key` is set."""
    host_key: str = ""
    """The only public key to trust: `ssh-ed25519 AAAA…`."""
    connect_timeout: timedelta = timedelta(seconds=10)
    """For name lookup, connection, host key and login together."""

    def __str__(self) -> str:
        return f"{self.user}@{self.name}" + (f":{self.port}" if self.port != SSH_PORT else "")
