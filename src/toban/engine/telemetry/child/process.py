"""The child process: locks the directory, opens the engine, serves, and stops within seconds."""

import fcntl
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import override

import uvicorn

from toban.engine.network.serving import BoundedHttp
from toban.engine.telemetry.child.application import Application
from toban.engine.telemetry.child.engine import StoreEngine
from toban.engine.telemetry.child.engine_settings import EngineLimits, write_configuration

_GRACE_SECONDS = 1.0
"""How long running statements may take to finish by themselves after SIGTERM."""
_STOP_SECONDS = 3.0
"""After this the process ends regardless: with durable settings, nothing that was acknowledged is lost."""


class Occupied(Exception):
    """Another process has the store open."""


class Unopenable(Exception):
    """The engine did not open the store; the message gives its reason."""


def serve(
    directory: Path,
    *,
    port: int,
    secret: str,
    limits: EngineLimits,
    threads: int,
    announce: Callable[[str], None],
) -> None:
    """Serve the store in *directory* on 127.0.0.1:*port* until SIGTERM or SIGINT; port 0 selects a free one.

    Calls *announce* once with the URL (without the secret) when requests are accepted. Raises `Occupied`,
    `Unopenable`, or OSError if the port is taken.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _taken(directory), _listening(port) as listener:
        engine = _open(directory, limits)
        announce(f"http://127.0.0.1:{listener.getsockname()[1]}")
        _StoreServer(Application(engine, secret=secret, threads=threads), engine).run(sockets=[listener])
        if engine.is_busy:
            _end_now()
        engine.close()


class _StoreConnection(BoundedHttp):
    # Bound values come in the URL, up to the length at which clients switch to a form.
    largest_head = 256 * 1024


class _StoreServer(uvicorn.Server):
    """uvicorn, with a time limit for stopping."""

    def __init__(self, application: Application, engine: StoreEngine) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="off",
                log_level="warning",
                access_log=False,
                http=_StoreConnection,
                timeout_graceful_shutdown=int(_STOP_SECONDS),
            )
        )
        self._engine = engine
        self._is_stopping = False
        # After it stops, uvicorn restores the earlier handlers and raises the signal again, to end the
        # process. It must not end then: the engine must still be closed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            _after(_GRACE_SECONDS, self._engine.interrupt_all)
            _after(_STOP_SECONDS, _end_now)
        super().handle_exit(sig, frame)


def _after(seconds: float, act: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


def _end_now() -> None:
    """End without the interpreter's clean-up, which would collide with the engine's running threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@contextmanager
def _taken(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel releases it, however the process ends."""
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Occupied(f"the telemetry store in {directory} is open in another process") from exc
        yield


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # If the protocol is named, asyncio disables Nagle's algorithm, which would add 40 ms to every answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield listener


def _open(directory: Path, limits: EngineLimits) -> StoreEngine:
    try:
        return StoreEngine(
            (directory / "chdb").absolute(), write_configuration(directory.absolute(), limits), limits
        )
    except RuntimeError as exc:
        raise Unopenable(f"the telemetry store in {directory} does not open: {exc}") from exc
