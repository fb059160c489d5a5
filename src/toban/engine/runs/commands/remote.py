"""A step that is a command on another host, by SSH: the host's key checked, its output in the run's log.

SSH's limits: a signal reaches only the command's own process group (sshd before OpenSSH 7.9 forwards none at
all). Background processes of the command, or a command whose connection breaks, may continue on the host. The
message of a step that was stopped or cut off says so.
"""

import asyncio
import math
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncssh

from toban.engine.runs.commands import guard
from toban.engine.runs.commands.command import LineSplitter, environment, judged, tell
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.engine.ssh.connect import command_line, connect, environment_lines, words
from toban.engine.ssh.host import SshHost, Unreachable
from toban.message import Message, message_of, sentences

_LOOK = 0.2
_GRACE = 3.0
"""Seconds between asking a command to end and killing it, and between killing it and leaving it."""

_LAST_WORDS = 0.5
"""Seconds of silence to wait for after the command has ended; another process may still hold its output."""

_FLOOD = 4096
"""A piece of at least this many bytes comes from a full buffer: more is on its way."""

_UNDERWAY = 8 * 1024**2
"""More bytes than the buffers of pipe, channel and connection hold together."""

_CHUNK = 65536
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
"""The shell's exit statuses for a program that exists but can't be run, and for one that does not exist."""

_GOES_ON = Message("runs.may-go-on-there")


@dataclass(frozen=True, slots=True)
class RemoteCommand:
    """Runs *arguments* on *host*. Status 0 is success; 126 and 127 (no such command) are not retried.

    The arguments are quoted for the remote login shell, so each arrives as it was written. The environment
    describes the run, as for `command.LocalCommand`; secrets in it appear in no list of processes.
    """

    host: SshHost
    arguments: tuple[str, ...]

    def __call__(self, turn: RunTurn) -> object:
        """Run to the end and return the exit status, or raise `StepFailed`."""
        with asyncio.Runner() as runner:
            try:
                return _Conversation(runner, turn).run(self)
            except Unreachable as error:
                reason = RunReason.NOT_RUNNABLE if error.lasting else RunReason.FAILED
                said = Message("runs.with-hint", said=message_of(error), hint=error.hint)
                raise StepFailed(said, reason) from error


class _Conversation:
    """One command on one host, with its own event loop, which runs in short steps.

    Between two steps no loop runs: only then can Django write the run's log.
    """

    def __init__(self, runner: asyncio.Runner, turn: RunTurn) -> None:
        self._runner = runner
        self._turn = turn

    def run(self, command: RemoteCommand) -> object:
        connection = self._awaited(connect(command.host))
        try:
            process = self._awaited(_start(connection, command, environment(self._turn)))
            stopped = self._follow(process)
        except (asyncssh.Error, OSError) as error:
            cut_off = Message("runs.cut-off-by", host=command.host, why=words(error))
            raise StepFailed(sentences(cut_off, _GOES_ON)) from error
        finally:
            connection.abort()
        if stopped is not None:
            left = sentences(Message("runs.left-midway"), _GOES_ON)
            raise StepFailed(Message("runs.stopped-midway") if _has_ended(process) else left, stopped)
        return _outcome(process, command)

    def _awaited[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of *work*, or raise `StepFailed` as soon as the step must end."""
        task = self._begun(work)
        while not self._is_done(task):
            stop = self._turn.why_stop()
            if stop is not None:
                task.cancel()
                raise StepFailed(Message("runs.stopped-before-start"), stop)
        return task.result()

    def _follow(self, process: asyncssh.SSHClientProcess[bytes]) -> RunReason | None:
        """Log the command's output until it ends; return why it had to be stopped, or None."""
        lines, stopped, end = LineSplitter(), None, _CommandEnd(process)
        reading = self._begun(process.stdout.read(_CHUNK))
        while not end.has_come():
            if self._is_done(reading):
                piece = reading.result()
                if not piece:
                    break
                tell(self._turn, lines.take(piece), stopped)
                reading = self._begun(process.stdout.read(_CHUNK))
                end.hear(len(piece))
            if stopped is None and (stopped := self._turn.why_stop()) is not None:
                end.ask_for()
        reading.cancel()
        left = (Message("runs.output-goes-on"),) if end.is_cutting_off else ()
        tell(self._turn, (*lines.end(), *left), stopped)
        with suppress(TimeoutError):
            # The exit status may come after the last output.
            self._runner.run(asyncio.wait_for(process.wait_closed(), _LAST_WORDS))
        return stopped

    def _begun[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return self._runner.get_loop().create_task(work)

    def _is_done(self, task: asyncio.Task[Any]) -> bool:
        self._runner.run(_pause(task))
        return task.done()


class _CommandEnd:
    """The end of a command: first requested, then forced, and then no longer waited for.

    Output may continue after the end: what was on its way is read to its end, and what processes in the
    background write is read for a moment.
    """

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._process = process
        self._signals = ["TERM", "KILL"]
        self._until = math.inf
        self._latest = math.inf
        self._patience = _LAST_WORDS
        self._heard_after = 0
        self.is_cutting_off = False
        """Whether output still came when it was no longer waited for."""

    def ask_for(self) -> None:
        """Send the next signal, and allow time for its effect."""
        with suppress(OSError):  # the channel may be closed by now
            self._process.send_signal(self._signals.pop(0))
        self._until = time.monotonic() + _GRACE

    def hear(self, size: int) -> None:
        """Keep reading after *size* bytes of output: they may be the command's own, delayed on the way.

        While buffers are full, the other host is behind, and silence says little.
        """
        is_flood = size >= _FLOOD
        self._patience = _GRACE if is_flood else _LAST_WORDS
        if not _has_ended(self._process):
            return
        now = time.monotonic()
        self._heard_after += size
        if is_flood and self._heard_after <= _UNDERWAY:
            self._latest = now + _GRACE
        self._until = min(now + self._patience, self._latest)

    def has_come(self) -> bool:
        """Return whether there is nothing more to wait for."""
        now = time.monotonic()
        if _has_ended(self._process) and self._signals:
            self._signals, self._latest = [], now + _GRACE
            self._until = now + self._patience
        if now < self._until:
            return False
        if self._signals:
            self.ask_for()
            return False
        self.is_cutting_off = self._heard_after > 0 and self._until == self._latest
        return True


def _has_ended(process: asyncssh.SSHClientProcess[bytes]) -> bool:
    return process.exit_status is not None or process.exit_signal is not None


async def _start(
    connection: asyncssh.SSHClientConnection, command: RemoteCommand, told: Mapping[str, str]
) -> asyncssh.SSHClientProcess[bytes]:
    line = command_line(command.arguments)
    process = await connection.create_process(line, encoding=None, stderr=asyncssh.STDOUT)
    with suppress(OSError):  # one that has ended already, unasked, says so by its exit status
        process.stdin.write(environment_lines(told))
        process.stdin.write_eof()
    return process


async def _pause(task: asyncio.Task[Any]) -> None:
    await asyncio.wait({task}, timeout=_LOOK)


def _outcome(process: asyncssh.SSHClientProcess[bytes], command: RemoteCommand) -> object:
    if process.exit_signal is not None:
        raise StepFailed(Message("runs.ended-by-signal", signal=process.exit_signal[0]))
    if process.exit_status is None:
        raise StepFailed(sentences(Message("runs.cut-off", host=command.host), _GOES_ON))
    if process.exit_status == _NOT_EXECUTABLE:
        said = Message("runs.may-not-execute", program=command.arguments[0])
        raise StepFailed(said, RunReason.NOT_RUNNABLE)
    is_missing = process.exit_status == _NOT_FOUND
    return judged(guard.NOT_RUNNABLE if is_missing else process.exit_status, command.arguments)
