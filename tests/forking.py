"""Python programs as forks of one process that has loaded all of Toban, which is most of a command's second.

A fork has its own environment, folder, streams and settings. What is about the interpreter's start, about
what a command loads, or about the names of processes, needs a real `python`.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, CompletedProcess, TimeoutExpired
from tempfile import TemporaryFile
from typing import IO, Any, Self, cast

_LONGEST = 200_000
"""Bytes of an order, most of which is its environment."""


class Python:
    """A running program, to be used like a `subprocess.Popen` whose streams are text."""

    def __init__(
        self,
        words: Sequence[object],
        *,
        env: Mapping[str, str],
        stdin: int = DEVNULL,
        stdout: int | IO[Any] = 1,
        stderr: int | IO[Any] = 2,
    ) -> None:
        """Run `-m` and a module, `-c` and a text, or a file, and what follows it."""
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.returncode: int | None = None
        with ExitStack() as theirs:
            if stdin == PIPE:
                stdin, ours = os.pipe()
                theirs.callback(os.close, stdin)
                self.stdin = os.fdopen(ours, "w")
            if stdout == PIPE:
                ours, stdout = os.pipe()
                theirs.callback(os.close, stdout)
                self.stdout = os.fdopen(ours)
            nothing = theirs.enter_context(Path(os.devnull).open("r+b"))
            given = [nothing if each == DEVNULL else each for each in (stdin, stdout, stderr)]
            streams = [each if isinstance(each, int) else each.fileno() for each in given]
            if stderr == STDOUT:
                streams[2] = streams[1]
            order = {
                "words": [str(word) for word in words],
                "environment": dict(env),
                "folder": str(Path.cwd()),
            }
            self.pid = _warm().ask(order, streams)
        self._ending = os.pidfd_open(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return the exit status; negative for a signal."""
        if self.returncode is None:
            if not select.select([self._ending], [], [], timeout)[0]:
                raise TimeoutExpired("python", timeout or 0)
            os.close(self._ending)
            self.returncode = _warm().ask({"ended": self.pid})
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit status, or `None` while it runs."""
        with suppress(TimeoutExpired):
            return self.wait(timeout=0)
        return None

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Close its input, read its output, and wait for its end."""
        if self.stdin is not None:
            self.stdin.close()
        said = ""
        if self.stdout is not None:
            with self.stdout as output:
                said = output.read()
        self.wait(timeout)
        return said, None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdin, self.stdout):
            if stream is not None:
                stream.close()
        self.wait()


def run(words: Sequence[object], *, env: Mapping[str, str], check: bool = False) -> CompletedProcess[str]:
    """Run a program to its end, and return its status and what it wrote; *check* demands the status 0."""
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        status = Python(words, env=env, stdout=stdout, stderr=stderr).wait()
        done = CompletedProcess([str(word) for word in words], status, _text(stdout), _text(stderr))
    if check:
        done.check_returncode()
    return done


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


class _Warm:
    """The process that has loaded everything, and forks."""

    def __init__(self) -> None:
        ours, its = socket.socketpair(type=socket.SOCK_SEQPACKET)
        # A library has started threads that do nothing yet, which is no reason to warn of.
        quiet = ["-W", "ignore:This process:DeprecationWarning"]
        with its:
            self._process = subprocess.Popen(
                [sys.executable, *quiet, "-m", "tests.forking", str(its.fileno())], pass_fds=[its.fileno()]
            )
        self._socket = ours
        self._turn = threading.Lock()

    def ask(self, order: Mapping[str, object], streams: Sequence[int] = ()) -> int:
        with self._turn:
            socket.send_fds(self._socket, [json.dumps(order).encode()], streams)
            answer = self._socket.recv(100)
        assert answer, "it ended: see what it wrote"
        return int(answer)

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _warm() -> _Warm:
    started = _Warm()
    atexit.register(started.end)
    return started


def _serve(orders: socket.socket) -> Sequence[str]:
    """Fork for each order; return in a fork, with its words, and when there are no more orders, without."""
    while True:
        said, streams, _, _ = socket.recv_fds(orders, _LONGEST, 3)
        if not said:
            return ()
        order = json.loads(said)
        if "ended" in order:
            _, status = os.waitpid(order["ended"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if not answer:
                orders.close()
                _become(order, streams)
                return cast("Sequence[str]", order["words"])
        for stream in streams:
            os.close(stream)
        orders.send(str(answer).encode())


def _load() -> None:
    """Load all commands, and what they load when they are called."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: PLC0415

    from toban import wiring  # noqa: PLC0415
    from toban.faces.cli.state import set_up  # noqa: PLC0415

    set_up()
    parts = wiring.parts()
    brought = (command for each in parts.extensions for command in each.commands.values())
    for command in (*wiring.COMMANDS.values(), *brought):
        import_module(command.module)
    assert parts.schema  # which loads every kind
    # As in the tests' own processes.
    PBKDF2PasswordHasher.iterations = 1
    # A fork need not look through all that was loaded for garbage.
    gc.collect()
    gc.freeze()


def _become(order: Mapping[str, Any], streams: Sequence[int]) -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415
    from django.utils import translation  # noqa: PLC0415
    from django.utils.functional import empty  # noqa: PLC0415

    from toban import catalogue  # noqa: PLC0415

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # The present ones know whether they can seek.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    os.chdir(order["folder"])
    # Language and settings come from the environment, as soon as somebody asks.
    translation.deactivate()
    catalogue.follow(catalogue.language_of_locale)
    del sys.modules["toban.settings"], connections["default"]
    vars(connections).pop("settings")
    connections._settings = None  # type: ignore[attr-defined]
    settings._wrapped = empty


def _run(words: Sequence[str]) -> None:
    match words:
        case ["-m", module, *arguments]:
            sys.argv[1:] = arguments
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", text, *arguments]:
            sys.argv[:] = ["-c", *arguments]
            exec(text, {"__name__": "__main__"})  # noqa: S102 - as python -c does
        case [file, *arguments]:
            sys.argv[:] = [file, *arguments]
            runpy.run_path(file, run_name="__main__")


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        _load()
        asked = _serve(given)
    _run(asked)
