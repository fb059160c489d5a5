"""A host to log in to on loopback: a real sshd if there is one, and asyncssh's own server everywhere."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import psutil
import pytest
from tests.ports import free_port

from toban.engine.bindings.secret import Secret
from toban.engine.ssh.host import SshHost

STRANGER = 12345
"""The user id for sshd if the tests run as root: sshd then needs its own account."""


@dataclass
class RemoteHost:
    """The running server, its keys, and a way to cut its connections."""

    folder: Path
    user: str
    port: int
    drop: Callable[[], None]
    host_key: str
    """The server's public key."""
    name: str = "127.0.0.1"

    @property
    def home(self) -> Path:
        """Where commands of a server begin that has an `address` of its own."""
        return self.folder / "home"

    @property
    def key(self) -> Path:
        return self.folder / "user"

    def write_known_hosts(self, key: str = "") -> Path:
        """Write a known_hosts file that contains the host's own key, or *key*."""
        path = self.folder / ("known_hosts" if not key else "other_hosts")
        path.write_text(f"[{self.name}]:{self.port} {key or self.host_key}\n")
        return path

    def host(self, **more: object) -> SshHost:
        """Return the host as configured; *more* overrides parts of it."""
        settings: dict[str, object] = {
            "name": self.name,
            "port": self.port,
            "user": self.user,
            "key": Secret(f"file:{self.key}"),
            "known_hosts": self.write_known_hosts(),
        }
        return SshHost(**{**settings, **more})  # type: ignore[arg-type]


def new_public_key() -> str:
    """Return the public part of an unused key."""
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


@contextmanager
def serving(
    server: str, address: str = "", port: int = 0, *, has_srv: bool = False, path: str = ""
) -> Iterator[RemoteHost]:
    """Run an `openssh` or `asyncssh` server inside the block.

    One with an *address*, of the loopback network, has a home of its own, so that several look like machines;
    if it *has_srv*, that is also its `/srv`, which takes root. Programs in *path* go before others there.
    """
    folder = Path(tempfile.mkdtemp(prefix="ssh"))
    folder.chmod(0o755)
    for name in ("host", "user"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        key.write_public_key(folder / f"{name}.pub")
        (folder / name).chmod(0o600)
    try:
        with (
            _openssh(folder, address, port, has_srv=has_srv, path=path)
            if server == "openssh"
            else _asyncssh(folder) as running
        ):
            yield running
    finally:
        shutil.rmtree(folder)


@contextmanager
def _openssh(folder: Path, address: str, port: int, *, has_srv: bool, path: str = "") -> Iterator[RemoteHost]:
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs sshd (Debian: apt-get install openssh-server)")
    # The account of the tests has its own home already. A forced command takes no signals.
    at_home = (
        [f'ForceCommand cd {folder}/home && eval "$SSH_ORIGINAL_COMMAND"'] if address and os.getuid() else []
    )
    address, port = address or "127.0.0.1", port or free_port()
    (folder / "home").mkdir()
    user = pwd.getpwuid(os.getuid()).pw_name if os.getuid() else "stranger"
    root = Path(program).parents[2]
    libraries = next(iter(root.glob("usr/lib/*-linux-gnu")), root)
    settings = [
        f"ListenAddress {address}:{port}",
        *at_home,
        f"HostKey {folder}/host",
        f"AuthorizedKeysFile {folder}/user.pub",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        # Unpacked and not installed, sshd does not find its own parts.
        *(f"{name} {path}" for name, path in _parts(root).items()),
    ]
    told = {"PATH": f"{path}:/usr/local/bin:/usr/bin:/bin"} if path else {}
    if told and os.getuid():
        settings.append(_set(told))
    (folder / "sshd_config").write_text("\n".join(settings) + "\n")
    command = [program, "-D", "-e", "-f", str(folder / "sshd_config")]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    if os.getuid() == 0:
        command, environment = _as_stranger(command, environment, folder, libraries, told)
    if has_srv:
        mounted = 'mount --bind "$0" /srv && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mounted, str(folder / "home"), *command]
    with (folder / "sshd.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        _wait_for(address, port, process, folder / "sshd.log")
        host_key = (folder / "host.pub").read_text().strip()
        yield RemoteHost(folder, user, port, lambda: _kill_sessions(process.pid), host_key, address)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _parts(root: Path) -> Mapping[str, Path]:
    folder = root / "usr/lib/openssh"
    named = {"SshdSessionPath": folder / "sshd-session", "SshdAuthPath": folder / "sshd-auth"}
    return {name: path for name, path in named.items() if path.exists() and root != Path("/")}


def _as_stranger(
    command: list[str],
    environment: Mapping[str, str],
    folder: Path,
    libraries: Path,
    told: Mapping[str, str],
) -> tuple[list[str], dict[str, str]]:
    wrapper = libraries / "libnss_wrapper.so"
    if not wrapper.exists():
        pytest.skip("needs libnss-wrapper to run sshd as nobody that this machine knows")
    (folder / "passwd").write_text(f"stranger:x:{STRANGER}:{STRANGER}::{folder}/home:/bin/sh\n")
    (folder / "group").write_text(f"stranger:x:{STRANGER}:\n")
    for own in ("host", "home"):
        os.chown(folder / own, STRANGER, STRANGER)
    wrapped = {
        "LD_PRELOAD": str(wrapper),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    # In its sessions, too: scp asks who it is.
    with (folder / "sshd_config").open("a") as config:
        config.write(_set({**wrapped, **told}) + "\n")
    before = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "env"]
    settings = [f"{name}={value}" for name, value in wrapped.items()]
    return [*before, *settings, *command], dict(environment)


def _set(told: Mapping[str, str]) -> str:
    # Of several such lines, sshd takes the first only.
    return "SetEnv " + " ".join(f"{name}={value}" for name, value in told.items())


def _wait_for(address: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection((address, port)):
            return
        if process.poll() is not None:
            pytest.skip(f"sshd can't run here: {log.read_text()}")
        time.sleep(0.05)
    pytest.fail(f"sshd does not listen: {log.read_text()}")


def _kill_sessions(pid: int) -> None:
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.name().startswith("sshd"):
                child.kill()


@dataclass
class _Server(asyncssh.SSHServer):
    """Accepts the one key, and runs commands with a shell, like sshd does."""

    folder: Path
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connections.append(conn)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True


@contextmanager
def _asyncssh(folder: Path) -> Iterator[RemoteHost]:
    loop = asyncio.new_event_loop()
    server = _Server(folder)
    listener = loop.run_until_complete(
        asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(folder / "host")],
            authorized_client_keys=str(folder / "user.pub"),
            server_factory=lambda: server,
            process_factory=_process,
            encoding=None,
        )
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def drop() -> None:
        for connection in server.connections:
            loop.call_soon_threadsafe(connection.abort)

    async def end() -> None:
        listener.close()
        for connection in server.connections:
            connection.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield RemoteHost(
            folder, "anybody", listener.get_port(), drop, (folder / "host.pub").read_text().strip()
        )
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _process(process: asyncssh.SSHServerProcess[bytes]) -> None:
    child = await asyncio.create_subprocess_shell(
        process.command or "true",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(await process.stdin.read())
    child.stdin.close()
    # asyncssh would raise in the reader of the input; sshd sends the signal to the command's process group.
    process.signal_received = lambda signal: os.killpg(child.pid, _NUMBERS[signal])  # type: ignore[method-assign]
    try:
        while piece := await child.stdout.read(65536):
            process.stdout.write(piece)
            await process.stdout.drain()
        status = await child.wait()
        if status < 0:
            process.exit_with_signal(_SIGNALS.get(-status, str(-status)))
        else:
            process.exit(status)
    finally:
        if child.returncode is None:
            os.killpg(child.pid, 9)
            await child.wait()


_SIGNALS = {9: "KILL", 11: "SEGV", 15: "TERM"}
_NUMBERS = {name: number for number, name in _SIGNALS.items()}
