"""Logging in to a host by SSH: its key checked, with no agents, configuration files or passwords."""

import asyncio
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncssh

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.ssh.host import SSH_PORT, SshHost, Unreachable
from toban.message import Message, message_of

_ALIVE = 15
"""Seconds between two keep-alive requests; after four without an answer the connection ends."""

_LONGEST_SAID = 300
_ALL_TOLD = "all_told"
_TAKE_ENVIRONMENT = f'unset {_ALL_TOLD}; eval "$(cat)"; test "${_ALL_TOLD}" && exec "$@" </dev/null'
"""A connection that breaks cuts the lines off: a command must not start with a part of its parameters."""


async def connect(host: SshHost) -> asyncssh.SSHClientConnection:
    """Log in, or raise `Unreachable`. It uses no agents, configuration files or passwords."""
    key, known = _own_key(host), _known(host)
    try:
        offered = _HostKeyClient()
        return await asyncssh.connect(
            host.name,
            host.port,
            username=host.user,
            client_keys=[key],
            known_hosts=known,
            client_factory=lambda: offered,
            connect_timeout=host.connect_timeout.total_seconds(),
            keepalive_interval=_ALIVE,
            preferred_auth="publickey",
            agent_path=None,
            config=None,
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise _impostor(host, known, offered) from error
    except asyncssh.PermissionDenied as error:
        hint = Message("runs.authorize-the-key", host=host, key=host.key)
        raise Unreachable(
            Message("runs.key-rejected", host=host, key=host.key), hint, lasting=True
        ) from error
    except asyncssh.KeyExchangeFailed as error:
        hint = Message("runs.look-at-its-keys", name=host.name, port=host.port)
        said = Message("runs.no-key-exchange", host=host, why=error.reason)
        raise Unreachable(said, hint, lasting=True) from error
    except TimeoutError as error:
        seconds = host.connect_timeout.total_seconds()
        said = Message("runs.no-connection-in-time", host=host, seconds=seconds)
        raise Unreachable(said, Message("runs.check-the-way-to-the-host")) from error
    except (OSError, asyncssh.Error) as error:
        said = Message("runs.no-connection", host=host, why=words(error))
        raise Unreachable(said, Message("runs.check-name-port-sshd")) from error


def command_line(arguments: tuple[str, ...]) -> str:
    """Return the line for the remote shell: it reads `environment_lines`, then starts *arguments*.

    sshd accepts few variables (AcceptEnv), and everybody on the host can read a command line. With exec,
    signals reach the command and not a shell around it.
    """
    return "exec " + shlex.join(["sh", "-c", _TAKE_ENVIRONMENT, "sh", *arguments])


def environment_lines(told: Mapping[str, str]) -> bytes:
    """Return what the shell of `command_line` reads: *told*, and a last line that says that it is all."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in told.items()]
    return "\n".join([*exports, f"{_ALL_TOLD}=1"]).encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """What a short command on another host came to."""

    status: int | None
    """None if a signal ended it."""
    out: str
    err: str

    @property
    def first_words(self) -> str:
        """The first line of its errors, shortened."""
        return next(iter(self.err.strip().splitlines()), "")[:_LONGEST_SAID]


async def answer_of(host: SshHost, arguments: tuple[str, ...], seconds: float) -> RemoteAnswer:
    """Log in, run a short command without input, and return what it says.

    Raises `Unreachable`, or `TimeoutError` if it has not ended after *seconds*.
    """
    connection = await connect(host)
    try:
        run = connection.run(shlex.join(arguments), stdin=asyncssh.DEVNULL, errors="replace")
        answer = await asyncio.wait_for(run, seconds)
    except TimeoutError:
        raise
    except (OSError, asyncssh.Error) as error:
        said = Message("runs.host-executes-nothing", host=host)
        raise Unreachable(said, Message("runs.read-its-sshd-log")) from error
    finally:
        connection.abort()
    return RemoteAnswer(answer.exit_status, str(answer.stdout or ""), str(answer.stderr or ""))


async def finds(host: SshHost, program: str) -> bool:
    """Log in and return whether *program* can be started there; raises `Unreachable`."""
    asks = ("sh", "-c", 'command -v -- "$1" >/dev/null', "sh", program)
    try:
        answer = await answer_of(host, asks, host.connect_timeout.total_seconds())
    except TimeoutError as error:
        said = Message("runs.host-executes-nothing", host=host)
        raise Unreachable(said, Message("runs.read-its-sshd-log")) from error
    return answer.status == 0


@dataclass
class _HostKeyClient(asyncssh.SSHClient):
    """Trusts no unknown key, and remembers the one that was offered."""

    key: asyncssh.SSHKey | None = field(default=None, init=False)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Remember and refuse the key."""
        self.key = key
        return False


type _Known = (
    asyncssh.SSHKnownHosts | tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]
)


def _own_key(host: SshHost) -> asyncssh.SSHKey:
    try:
        passphrase = host.passphrase.reveal() if host.passphrase else None
        return asyncssh.import_private_key(host.key.reveal(), passphrase)
    except SecretUnavailable as error:
        raise Unreachable(message_of(error), Message("runs.place-the-key"), lasting=True) from error
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        said = Message("runs.unreadable-key", key=host.key)
        raise Unreachable(said, Message("runs.place-an-openssh-key"), lasting=True) from error


def _known(host: SshHost) -> _Known:
    if host.known_hosts is None:
        return ([asyncssh.import_public_key(host.host_key)], [], [])
    try:
        return asyncssh.read_known_hosts(str(host.known_hosts))
    except (OSError, ValueError) as error:
        said = Message("runs.unreadable-known-hosts", file=host.known_hosts, why=words(error))
        hint = Message("runs.write-known-hosts", name=host.name, port=host.port)
        raise Unreachable(said, hint, lasting=True) from error


def _impostor(host: SshHost, known: _Known, offered: _HostKeyClient) -> Unreachable:
    """Return an error that says whether the host's key is unknown, or has changed."""
    finger = offered.key.get_fingerprint() if offered.key else "?"
    where = host.known_hosts or "host_key"
    port = host.port if host.port != SSH_PORT else None
    expected = known.match(host.name, "", port)[0] if isinstance(known, asyncssh.SSHKnownHosts) else known[0]
    if expected:
        message = Message("runs.host-key-differs", name=host.name, where=where, finger=finger)
        hint = Message("runs.impostor-or-new-machine")
    else:
        message = Message("runs.host-key-unknown", name=host.name, where=where, finger=finger)
        hint = Message("runs.add-the-host-key", name=host.name, port=host.port)
    return Unreachable(message, hint, lasting=True)


def words(error: OSError | ValueError | asyncssh.Error) -> str:
    """Return why a connection failed or broke, in the words of the library or the system."""
    if isinstance(error, asyncssh.Error):
        return error.reason
    if not isinstance(error, OSError):
        return str(error)
    # asyncio wraps the reason in a sentence of its own, one for each address.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
