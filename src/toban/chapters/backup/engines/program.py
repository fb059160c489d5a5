"""A program that an engine runs: an argument list, tied to its worker's life, its exit always checked."""

import os
import selectors
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

from toban.chapters.backup.engine import ActWatch, BackupFailed
from toban.engine.runs.commands import guard
from toban.engine.runs.commands.command import surroundings
from toban.message import NOTHING, Message, plain

_PIECE = 1 << 20
_LOOK = 0.5
"""Seconds between two checks whether to stop, while the program is silent."""

_GRACE = 3.0
"""Seconds between asking a program to end and killing it."""

_KEPT_LINES = 20
_LONGEST_LINE = 500


class ProgramFailed(BackupFailed):
    """The program could not be run, or failed; `status` is its exit status."""

    def __init__(self, message: Message, *, status: int, retry: bool = True) -> None:
        super().__init__(message, retry=retry)
        self.status = status


@dataclass(frozen=True, slots=True)
class EngineProgram:
    """What to run, without a shell. An argument must not be secret: every account can list arguments."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Added to the worker's own. Secrets are passed here, and masked where the program's output is shown."""
    secret_names: frozenset[str] = frozenset()
    """Which of the environment's variables are secret."""
    called: str = ""
    """The name that operators know; empty: the first argument's (so set it if that is `sudo`)."""

    @property
    def name(self) -> str:
        """The name that operators know."""
        return self.called or os.path.basename(self.arguments[0])  # noqa: PTH119 - not a path when it is looked up in PATH

    def mask(self, text: str) -> str:
        """Return *text* without any secret."""
        for name in self.secret_names:
            if self.environment[name]:
                text = text.replace(self.environment[name], "…")
        return text


class _SilentWatch:
    def say(self, text: Message) -> None:
        """Drop the line."""

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        """Drop it."""

    def why_stop(self) -> object | None:
        """Return None."""
        return None


QUIET: ActWatch = _SilentWatch()
"""For a quick call: nobody follows it, nothing stops it."""


def pieces(program: EngineProgram, watch: ActWatch) -> Generator[bytes]:
    """Yield what *program* writes; if it fails, raises `ProgramFailed` instead of ending.

    So a caller that passes the pieces on sees the failure before the end. Closing the generator ends the
    program.
    """
    with _started(program, stdout=subprocess.PIPE) as running:
        yield from running.output(watch)
        running.judge(watch)


def output(program: EngineProgram, watch: ActWatch) -> bytes:
    """Run to the end and return all of what *program* writes."""
    return b"".join(pieces(program, watch))


def feed(program: EngineProgram, content: Iterable[bytes], watch: ActWatch) -> None:
    """Run *program* with *content* as its input, and drop its output; raises `ProgramFailed`.

    A program that has read enough may end before its input does: the rest of *content* is read anyway, so
    that a stream that checks itself at its end does so.
    """
    with _started(program, stdin=subprocess.PIPE) as running:
        is_listening = True
        for piece in content:
            is_listening = is_listening and running.take(piece, watch)
        running.end_input()
        running.judge(watch)


def run(program: EngineProgram, watch: ActWatch) -> None:
    """Run to the end, without input or output; raises `ProgramFailed`."""
    with _started(program) as running:
        running.judge(watch)


class _RunningProgram:
    def __init__(self, program: EngineProgram, process: subprocess.Popen[bytes]) -> None:
        self._program = program
        self._process = process
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def output(self, watch: ActWatch) -> Iterator[bytes]:
        descriptor = _pipe(self._process.stdout).fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                _stop_if_asked(self._program, watch)
                if selector.select(_LOOK):
                    piece = os.read(descriptor, _PIECE)
                    if not piece:
                        return
                    yield piece

    def take(self, piece: bytes, watch: ActWatch) -> bool:
        """Hand *piece* over; return whether the program wants more."""
        descriptor, rest = _pipe(self._process.stdin).fileno(), memoryview(piece)
        # A program that waits for a lock or a disk must not keep us from stopping.
        os.set_blocking(descriptor, False)
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_WRITE)
            while rest:
                _stop_if_asked(self._program, watch)
                if selector.select(_LOOK):
                    try:
                        rest = rest[os.write(descriptor, rest) :]
                    except BrokenPipeError:
                        return False
        return True

    def end_input(self) -> None:
        _pipe(self._process.stdin).close()

    def judge(self, watch: ActWatch) -> None:
        """Wait for the end, and raise `ProgramFailed` unless the program succeeded."""
        while (status := self._ended()) is None:
            _stop_if_asked(self._program, watch)
        self._listener.join()
        if status == 0:
            return
        name = self._program.name
        if status == guard.NOT_RUNNABLE:
            raise ProgramFailed(
                Message("backup-engines.program-not-runnable", program=name), status=status, retry=False
            )
        ending = (
            Message("backup-engines.signal", number=status - 128)
            if status > 128
            else Message("backup-engines.exit-status", status=status)
        )
        words = plain(self._program.mask("\n".join(self._said)).strip()) or Message(
            "backup-engines.no-output"
        )
        raise ProgramFailed(
            Message("backup-engines.program-failed", program=name, ending=ending, output=words), status=status
        )

    def end(self) -> None:
        """End the program and everything it started, if they still run."""
        if self._process.poll() is None:
            _signal(self._process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
        _signal(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.join()

    def _ended(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_LOOK)
        return None

    def _listen(self) -> None:
        for line in _pipe(self._process.stderr):
            self._said.append(line.decode("utf-8", "replace").rstrip()[:_LONGEST_LINE])


@contextmanager
def _started(
    program: EngineProgram, *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> Iterator[_RunningProgram]:
    tied: Sequence[str] = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), "--"]
    with subprocess.Popen(
        [*tied, *program.arguments],
        env={**surroundings(), **program.environment},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        bufsize=0,
        pipesize=_PIECE,
        start_new_session=True,
    ) as process:
        running = _RunningProgram(program, process)
        try:
            yield running
        finally:
            running.end()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the program was started without this pipe")
    return stream


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _stop_if_asked(program: EngineProgram, watch: ActWatch) -> None:
    reason = watch.why_stop()
    if reason is not None:
        raise BackupFailed(Message("backup-engines.program-stopped", program=program.name, reason=reason))
