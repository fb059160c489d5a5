"""A step that is a command: an argument list, run in its own process group, with output to the run's log."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from toban.engine.runs.commands import guard
from toban.engine.runs.output.progress import progress_in
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import NOTHING, Message

_GRACE = 3.0
"""Seconds between asking a command to end and killing it."""

_NOT_FOUND = 127
"""The shell's exit status for a command that does not exist."""

_LOOK = 0.2
_CHUNK = 65536
MOST_BYTES = 16 * 1024**2
"""The limit for one command's output; lines after that are only counted."""

_LONGEST_LINE = 2000


class CommandHearer(Protocol):
    """Who is told what a command writes, and may have it ended: the turn of a step."""

    def say(self, text: Message | str) -> None:
        """Take lines of its output."""

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Take its progress."""

    def why_stop(self) -> RunReason | None:
        """Return why it must end at once, or None."""


@dataclass(frozen=True, slots=True)
class LocalCommand:
    """Runs *arguments*, without a shell. Status 0 is success. That the command can't be started is not
    retried, nor is 127, by which shells say the same of a command within.

    The environment describes the run: `BATCH_RUN`, `BATCH_DUE_AT` (ISO 8601), and each parameter as `BATCH_`
    and its name in capitals.
    """

    arguments: tuple[str, ...]
    directory: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """More of its environment; shown to nobody."""

    def __call__(self, turn: RunTurn) -> object:
        """Run to the end and return the exit status, or raise `StepFailed`."""
        return self.run(turn, environment(turn))

    def run(
        self, hearer: CommandHearer, told: Mapping[str, str], errors: int | IO[bytes] = subprocess.STDOUT
    ) -> object:
        """Do the same with *told* in the environment; *errors* says where its standard error goes."""
        worker = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), "--", *self.arguments]
        try:
            process = subprocess.Popen(
                worker,
                cwd=self.directory,
                env={**surroundings(), **told, **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            said = Message("runs.unusable-folder", folder=self.directory, why=error.strerror)
            raise StepFailed(said, RunReason.NOT_RUNNABLE) from error
        with process:
            try:
                stopped = _follow(process, hearer)
            finally:
                _end(process.pid, signal.SIGKILL)
        if stopped is not None:
            raise StepFailed(Message("runs.stopped-midway"), stopped)
        return judged(process.returncode, self.arguments)


def surroundings() -> Mapping[str, str]:
    """Return the environment without Toban's own variables, which give access to its stores."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TOBAN_")}


def environment(turn: RunTurn) -> Mapping[str, str]:
    """Return the variables that describe the run to its command."""
    parameters = {f"BATCH_{name.upper()}": value for name, value in turn.parameters.items()}
    return {**parameters, "BATCH_RUN": str(turn.run_id), "BATCH_DUE_AT": turn.due_at.isoformat()}


class LineSplitter:
    """Splits output that comes in pieces into lines; limits the total size and the length of each line."""

    def __init__(self) -> None:
        self._rest = b""
        self._bytes = 0
        self._left_out = 0

    def take(self, piece: bytes) -> Sequence[str]:
        """Return the lines that *piece* completes."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _LONGEST_LINE * 4:
            whole, self._rest = [*whole, self._rest], b""
        return self._kept(whole)

    def end(self) -> Sequence[Message | str]:
        """Return the remaining line, and a note about the number of lines left out."""
        last = self._kept([self._rest]) if self._rest else ()
        return (*last, Message("runs.lines-not-kept", count=self._left_out)) if self._left_out else last

    def _kept(self, lines: Sequence[bytes]) -> Sequence[str]:
        kept = []
        for line in lines:
            self._bytes += len(line) + 1
            if self._bytes > MOST_BYTES:
                self._left_out += 1
            else:
                kept.append(line.decode("utf-8", "replace").rstrip("\r")[:_LONGEST_LINE])
        return kept


def _follow(process: subprocess.Popen[bytes], hearer: CommandHearer) -> RunReason | None:
    """Log the command's output until it ends; return why it had to be stopped, or None."""
    lines, stopped, kill_at = LineSplitter(), None, None
    output = process.stdout
    if output is None:
        raise AssertionError("the command was started without a pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while process.poll() is None:
            if selector.select(_LOOK):
                tell(hearer, lines.take(os.read(output.fileno(), _CHUNK)), stopped)
            if stopped is None and (stopped := hearer.why_stop()) is not None:
                _end(process.pid, signal.SIGTERM)
                kill_at = time.monotonic() + _GRACE
            if kill_at is not None and time.monotonic() >= kill_at:
                _end(process.pid, signal.SIGKILL)
        # Read what it left in the pipe; a child that outlives it must not hold up the run.
        _end(process.pid, signal.SIGKILL)
        while piece := os.read(output.fileno(), _CHUNK):
            tell(hearer, lines.take(piece), stopped)
    tell(hearer, lines.end(), stopped)
    return stopped


def tell(hearer: CommandHearer, lines: Sequence[Message | str], stopped: RunReason | None) -> None:
    """Write *lines* into the run's log, unless the step was *stopped* because another worker took over.

    A line `::progress 40 text` is the step's progress instead, and is not kept.
    """
    # A worker that was replaced must not write any more.
    if stopped is RunReason.FENCED:
        return
    written = []
    for line in lines:
        if isinstance(line, str):
            if (progress := progress_in(line)) is not None:
                hearer.progress(*progress)
            else:
                written.append(line)
    if written:
        hearer.say("\n".join(written))
    for note in lines:
        if isinstance(note, Message):
            hearer.say(note)


def _end(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        # Nobody is left in the group.
        return


def judged(status: int, arguments: Sequence[str]) -> object:
    """Return the result of a command that ended with *status*, or raise `StepFailed` with the meaning."""
    if status == 0:
        return {"status": 0}
    if status == guard.NOT_RUNNABLE:
        raise StepFailed(Message("runs.cannot-start", program=arguments[0]), RunReason.NOT_RUNNABLE)
    if status == _NOT_FOUND:
        raise StepFailed(Message("runs.not-found", program=arguments[0]), RunReason.NOT_RUNNABLE)
    if status > 128:
        raise StepFailed(Message("runs.ended-by-signal", signal=status - 128))
    raise StepFailed(Message("runs.ended-with-status", status=status))
