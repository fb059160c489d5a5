"""Git as a program: an argument list, an environment of our own, and bounds on time and output.

The repository's own settings are ours: hooks, filters, submodules and helpers are off, whatever the machine's
or the account's settings say. Secrets go by the environment, which other accounts can't read.
"""

import base64
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.git.failure import RepositoryFailed
from toban.engine.git.line import shown
from toban.engine.runs.commands import guard
from toban.message import Message, message_of, plain

QUICK = 120.0
"""Seconds for a question to the local mirror."""
_MOST_OUTPUT = 64 * 1024**2
_KEPT_ERRORS = 16 * 1024
_LONGEST_WORDS = 400
_PIECE = 4096
_CHUNK = 1024**2
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.logAllRefUpdates": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "credential.helper": "",
    "core.askPass": "",
    # What is sent there, a token among it, must not go to whom the server names.
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "60",
    "protocol.version": "2",
    "uploadpack.packObjectsHook": "",
}
_PASSED_ON = (
    "PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
)  # fmt: skip


class GitFailed(RepositoryFailed):
    """Git ended with an error; `words` are its own, without secrets."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(Message("release-git.git-failed", output=plain(words)))
        self.words = words
        self.status = status


@dataclass(frozen=True, slots=True)
class Access:
    """How the remote is reached: everything that git is told beside its arguments."""

    protocol: str = ""
    """The only protocol that git may speak; empty: none."""
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def mask(self, text: str) -> str:
        """Return *text* without any secret."""
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "…")
        return text


NO_REMOTE = Access()


def protocol_of(url: str) -> str:
    """Return git's name for the protocol of *url*."""
    if url.startswith("/"):
        return "file"
    return urlsplit(url).scheme if "://" in url else "ssh"


def over_https(
    url: str, username: str, token: Secret | None, ca_file: Path | None, proxy: Secret | None
) -> Access:
    """Return the access to an address over HTTP(S); raise `RepositoryFailed` for a missing secret."""
    settings: dict[str, str] = {}
    secrets: list[str] = []
    if token is not None:
        value = _revealed(token)
        pair = base64.b64encode(f"{username}:{value}".encode()).decode()
        parts = urlsplit(url)
        # To this server only.
        settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {pair}"
        secrets += [value, pair]
    if proxy is not None:
        address = _revealed(proxy)
        settings["http.proxy"] = address
        secrets += [address, urlsplit(address).password or ""]
    if ca_file is not None:
        settings["http.sslCAInfo"] = str(ca_file)
    return Access(protocol_of(url), settings, secrets=tuple(secrets))


def over_ssh(key: Path | None, known_hosts: Path | None) -> Access:
    """Return the access over SSH, to a host whose key is known."""
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": "20",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "ForwardAgent": "no",
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
    }
    if key is not None:
        options |= {"IdentitiesOnly": "yes", "IdentityFile": _quoted(key)}
    if known_hosts is not None:
        options |= {"UserKnownHostsFile": _quoted(known_hosts), "GlobalKnownHostsFile": os.devnull}
    command = ["ssh", *(f"-o{name}={value}" for name, value in options.items())]
    # Git itself reads this one as a shell would.
    return Access("ssh", variables={"GIT_SSH_COMMAND": shlex.join(command), "GIT_SSH_VARIANT": "ssh"})


def _quoted(path: Path) -> str:
    """Return *path* as ssh reads it in an option: quoted, and with no token expanded."""
    return '"' + str(path).replace("%", "%%") + '"'


def _revealed(secret: Secret) -> str:
    try:
        return secret.reveal()
    except SecretUnavailable as error:
        raise RepositoryFailed(message_of(error), retry=False) from error


@dataclass(frozen=True, slots=True)
class Git:
    """Git in the bare repository *folder*."""

    folder: Path

    def run(
        self,
        *arguments: str,
        access: Access = NO_REMOTE,
        within: float = QUICK,
        accepts: Sequence[int] = (0,),
    ) -> "GitAnswer":
        """Return what git answers; raise `GitFailed`, or `RepositoryFailed` for a bound that it broke."""
        with self.started(*arguments, access=access, within=within, accepts=accepts) as running:
            found = bytearray()
            while piece := running.output.read(_CHUNK):
                found += piece
                if len(found) > _MOST_OUTPUT:
                    raise RepositoryFailed(
                        Message(
                            "release-git.too-much-output",
                            act=arguments[0],
                            mebibytes=_MOST_OUTPUT // 1024**2,
                        ),
                        retry=False,
                    )
        return GitAnswer(running.status, bytes(found), running.words())

    @contextmanager
    def started(
        self,
        *arguments: str,
        access: Access = NO_REMOTE,
        within: float = QUICK,
        accepts: Sequence[int] = (0,),
        given: IO[bytes] | None = None,
    ) -> Iterator["RunningGit"]:
        """Give git while it runs; at the end of the block raises as `run` does.

        It ends with the worker, with the block, and after *within* seconds at the latest.
        """
        tied = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), "--", _program()]
        with subprocess.Popen(
            [*tied, *arguments],
            cwd=self.folder,
            env=self._environment(access),
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            running = RunningGit(process, within)
            try:
                yield running
                # What nobody wanted to read must not keep it from ending.
                while running.output.read(_CHUNK):
                    pass
                process.wait()
            finally:
                running.close()
        words = access.mask(running.words())
        if running.is_late:
            raise RepositoryFailed(Message("release-git.too-slow", act=arguments[0], seconds=int(within)))
        if running.status == guard.NOT_RUNNABLE:
            raise RepositoryFailed(Message("release-git.not-runnable", output=plain(words)), retry=False)
        if running.status not in accepts:
            raise GitFailed(words, running.status)

    def _environment(self, access: Access) -> Mapping[str, str]:
        settings = {**_SETTINGS, **access.settings}
        numbered: dict[str, str] = {}
        for number, (name, value) in enumerate(settings.items()):
            numbered |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "LC_ALL": "C",
            "GIT_DIR": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_ADVICE": "0",
            "GIT_ALLOW_PROTOCOL": access.protocol or "none",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_CONFIG_COUNT": str(len(settings)),
            **numbered,
            **access.variables,
        }


def _program() -> str:
    found = shutil.which("git")
    if found is None:
        raise RepositoryFailed(
            Message("release-git.not-installed"), Message("release-git.install-it"), retry=False
        )
    return found


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """How git ended, what it wrote, and what it complained about."""

    status: int
    output: bytes
    words: str

    @property
    def text(self) -> str:
        """What it wrote, without space around it."""
        return self.output.decode("utf-8", "replace").strip()


class RunningGit:
    """A program that is ended in time, and the end of what it complains about."""

    def __init__(self, process: subprocess.Popen[bytes], within: float) -> None:
        self._process = process
        self._said = bytearray()
        self.is_late = False
        self._timer = threading.Timer(within, self._end_late)
        self._timer.daemon = True
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._timer.start()
        self._listener.start()

    @property
    def output(self) -> IO[bytes]:
        """What it writes."""
        return _pipe(self._process.stdout)

    @property
    def status(self) -> int:
        """How it ended."""
        return self._process.returncode

    def close(self) -> None:
        """End what still runs."""
        self._timer.cancel()
        _kill(self._process.pid)
        self._process.wait()
        self._listener.join()

    def words(self) -> str:
        """Return what git complained about, in one line."""
        text = self._said.decode("utf-8", "replace")
        told = (each.strip().removeprefix("fatal: ").removeprefix("error: ") for each in text.splitlines())
        return shown(" ".join(told), _KEPT_ERRORS)[-_LONGEST_WORDS:]

    def _end_late(self) -> None:
        self.is_late = True
        _kill(self._process.pid)

    def _listen(self) -> None:
        while piece := os.read(_pipe(self._process.stderr).fileno(), _PIECE):
            self._said += piece
            del self._said[:-_KEPT_ERRORS]


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("git was started without this pipe")
    return stream


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
