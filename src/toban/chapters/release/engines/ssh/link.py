"""The hosts of one act: a connection to each, kept until its end, and scripts that run on all at once."""

import asyncio
import re
import shlex
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from toban.chapters.release.engine import DeployWatch
from toban.chapters.release.engines.ssh import parked
from toban.chapters.release.engines.ssh.scripts import Arguments
from toban.engine.runs.commands.command import LineSplitter
from toban.engine.ssh.connect import connect, words
from toban.engine.ssh.host import SshHost, Unreachable
from toban.message import NOTHING, Message, message_of

QUICK = 30.0
"""Seconds that a script may take which only looks or links."""

_LOOK = 0.1
"""Seconds between two checks whether to stop."""

_AT_ONCE = 32
"""On how many hosts an act is in progress; the others wait."""

_END = re.compile(r"end (\d{1,3})")
_PIECE = 1 << 18
_MOST_LINES = 10_000
_KEPT_LINES = 20
_LAST_WORDS = 0.3
"""Seconds to wait for the rest of the standard error, which a process in the background may hold."""
_GRACE = 3.0


class ActStopped(Exception):
    """The act must end at once; `reason` says why."""

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


class HostFailed(Exception):
    """A host did not do what it was told; the message says why, without the host's name."""

    def __init__(
        self, message: Message, hint: Message = NOTHING, *, retry: bool = True, is_lost: bool = False
    ) -> None:
        super().__init__(message)
        self.said = message
        self.hint = hint
        self.retry = retry
        self.is_lost = is_lost
        """Whether nobody knows what it did, or whether it did anything."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a script said, and how it ended."""

    status: int
    lines: Sequence[str]
    words: Sequence[str]
    """The last lines of its standard error."""

    def after(self, word: str) -> str | None:
        """Return the rest of the line that begins with *word*; None if there is none."""
        found = (line.partition(" ")[2] for line in self.lines if line.partition(" ")[0] == word)
        return next(found, None)

    def each(self, word: str) -> Sequence[str]:
        """Return the rests of all lines that begin with *word*."""
        return [line.partition(" ")[2] for line in self.lines if line.partition(" ")[0] == word]


def _line(script: Arguments, told: Mapping[str, str]) -> str:
    """Return the line for the remote shell: sshd accepts few variables (AcceptEnv), so env(1) sets them.

    Everybody on the host can read it: *told* says which version comes, and nothing secret.
    """
    settings = [f"{name}={value}" for name, value in told.items()]
    return "exec " + shlex.join(["env", *settings, *script])


@dataclass
class HostLink:
    """A host, and its connection once there is one. A connection that broke is made again."""

    host: SshHost
    told: Mapping[str, str]
    """Variables for the commands."""
    say: Callable[[Iterable[Message | str]], None]
    sent: int = field(default=0, init=False)
    """Bytes of archives."""
    connection: asyncssh.SSHClientConnection | None = None
    """That of the act before, or its own."""

    async def run(
        self,
        script: Arguments,
        *,
        within: float | None = QUICK,
        archive: Path | None = None,
    ) -> Answer:
        """Run *script* to its end, or raise `HostFailed`; *archive* is sent when it says `want`."""
        try:
            async with asyncio.timeout(within):
                return await self._run(script, archive)
        except TimeoutError as error:
            raise HostFailed(Message("release-ssh.no-end", seconds=within)) from error
        except Unreachable as error:
            raise HostFailed(message_of(error), error.hint, retry=not error.lasting, is_lost=True) from error
        except (asyncssh.Error, OSError) as error:
            said = Message("runs.cut-off-by", host=self.host, why=words(error))
            raise HostFailed(said, is_lost=True) from error

    async def _run(self, script: Arguments, archive: Path | None) -> Answer:
        process = await self._started(_line(script, self.told))
        heard: deque[str] = deque(maxlen=_KEPT_LINES)
        hearing = asyncio.create_task(self._hear(process, heard))
        try:
            answers = await self._answers(process, archive)
            await asyncio.wait({hearing}, timeout=_LAST_WORDS)
        except asyncio.CancelledError:
            await _end(process)
            raise
        finally:
            hearing.cancel()
            process.close()
        *lines, last = answers or ("",)
        if not (end := _END.fullmatch(last)):
            raise HostFailed(Message("runs.cut-off", host=self.host), is_lost=True)
        return Answer(int(end[1]), lines, tuple(heard))

    async def _started(self, line: str) -> asyncssh.SSHClientProcess[bytes]:
        if self.connection is not None:
            with suppress(OSError, asyncssh.Error):
                return await self.connection.create_process(line, encoding=None)
            # It has broken, perhaps since the act before.
            self.connection.abort()
        self.connection = await connect(self.host)
        return await self.connection.create_process(line, encoding=None)

    async def _hear(self, process: asyncssh.SSHClientProcess[bytes], heard: deque[str]) -> None:
        """Pass on what commands write, and keep the last of it."""

        def take(lines: Sequence[Message | str]) -> None:
            heard.extend(map(str, lines))
            self.say(lines)

        splitter = LineSplitter()
        with suppress(OSError, asyncssh.Error):
            while piece := await process.stderr.read(_PIECE):
                take(splitter.take(piece))
        take(splitter.end())

    async def _answers(
        self, process: asyncssh.SSHClientProcess[bytes], archive: Path | None
    ) -> Sequence[str]:
        """Return the script's answers, the last of which is its end; send what it wants."""
        lines: list[str] = []
        sending = None
        try:
            while len(lines) < _MOST_LINES and (line := await process.stdout.readline()):
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                if lines[-1] == "want" and archive is not None:
                    sending = asyncio.create_task(self._send(process, archive))
                elif _END.fullmatch(lines[-1]):
                    break
        finally:
            if sending is not None:
                sending.cancel()
        return lines

    async def _send(self, process: asyncssh.SSHClientProcess[bytes], archive: Path) -> None:
        # A host that has no space left reads no more: its own answer says so.
        with suppress(OSError, asyncssh.Error), archive.open("rb") as source:
            while piece := source.read(_PIECE):
                process.stdin.write(piece)
                await process.stdin.drain()
                self.sent += len(piece)
            process.stdin.write_eof()


async def _end(process: asyncssh.SSHClientProcess[bytes]) -> None:
    """End what still runs there: first ask, then force."""
    for signal in ("TERM", "KILL"):
        with suppress(OSError, TimeoutError, asyncssh.Error):
            process.send_signal(signal)
            await asyncio.wait_for(process.wait_closed(), _GRACE)
            return


@dataclass
class Fleet:
    """The hosts of one act. Between its steps no event loop runs: only then the watch can write its log."""

    hosts: Mapping[str, SshHost]
    told: Mapping[str, str]
    watch: DeployWatch | None = None
    """None: a quick look, which nobody follows."""
    is_stoppable: bool = True
    total: int = 0
    """Bytes to send to all hosts together."""
    _said: deque[tuple[str, Message | str]] = field(default_factory=deque, init=False)

    def __enter__(self) -> Self:
        self._runner, left = parked.take(frozenset(self.hosts.values()))
        self._links = {
            name: HostLink(host, self.told, self._hearer(name), left.get(host))
            for name, host in self.hosts.items()
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        links = self._links.values()
        left = {link.host: link.connection for link in links if link.connection is not None}
        parked.leave(frozenset(self.hosts.values()), self._runner, left)

    def each[T](
        self, hosts: Iterable[str], act: Callable[[HostLink], Awaitable[T]]
    ) -> tuple[Mapping[str, T], Mapping[str, HostFailed]]:
        """Do *act* on all *hosts* at once; return what it gave, and where it failed. Raises `ActStopped`."""
        limit = asyncio.Semaphore(_AT_ONCE)

        async def limited(link: HostLink) -> T:
            async with limit:
                return await act(link)

        loop = self._runner.get_loop()
        tasks = {name: loop.create_task(limited(self._links[name])) for name in hosts}
        try:
            self._follow(tasks.values())
        finally:
            self._runner.run(_cancelled(tasks.values()))
        failed = {
            name: error for name, task in tasks.items() if isinstance(error := task.exception(), HostFailed)
        }
        return {name: task.result() for name, task in tasks.items() if name not in failed}, failed

    def _follow[T](self, tasks: Iterable[asyncio.Task[T]]) -> None:
        pending = set(tasks)
        while pending:
            _, pending = self._runner.run(_waited(pending))
            self._pass_on()
            if self.watch is not None and self.is_stoppable and (stop := self.watch.why_stop()) is not None:
                raise ActStopped(stop)

    def _pass_on(self) -> None:
        while self._said:
            name, line = self._said.popleft()
            if self.watch is not None:
                self.watch.say(line if isinstance(line, Message) else f"{name}: {line}")
        if self.watch is not None and self.total:
            self.watch.progress(100 * sum(link.sent for link in self._links.values()) / self.total)

    def _hearer(self, name: str) -> Callable[[Iterable[Message | str]], None]:
        return lambda lines: self._said.extend((name, line) for line in lines)


async def _waited[T](
    pending: set[asyncio.Task[T]],
) -> tuple[set[asyncio.Task[T]], set[asyncio.Task[T]]]:
    return await asyncio.wait(pending, timeout=_LOOK)


async def _cancelled[T](tasks: Iterable[asyncio.Task[T]]) -> None:
    """Cancel what is still in progress, and wait until it has ended."""
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
