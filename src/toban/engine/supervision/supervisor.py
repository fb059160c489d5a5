"""Runs programs as children and keeps them running, until asked to stop.

Every child leads its own process group: the terminal's Ctrl-C reaches only the supervisor, and nothing that a
child started outlives it. The desired state is re-read at every look, never remembered. See docs/adr/0005.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from toban.engine.clock import Clock, system_clock
from toban.engine.supervision.home import Home
from toban.engine.supervision.process import ProcessLog, SupervisedProgram
from toban.engine.supervision.program import Program
from toban.engine.supervision.readiness import serves
from toban.engine.supervision.rules import (
    JUDGED_AFTER,
    ChildAction,
    Wish,
    after_death,
    is_news,
    next_step,
    pause_before_start,
)
from toban.message import Message, lines, plain

if TYPE_CHECKING:
    from datetime import datetime

LOOK_SECONDS = 0.25
"""How often the supervisor checks the desired state if nothing wakes it."""


class Supervisor:
    """Keeps programs running in a home directory; `say` shows the operator what happens."""

    def __init__(
        self,
        programs: Sequence[Program],
        home: Home,
        *,
        url: str,
        say: Callable[[Message], None],
        clock: Clock = system_clock,
    ) -> None:
        self._kept = {
            program.name: SupervisedProgram(program, ProcessLog(home.logs / f"{program.name}.log"))
            for program in programs
        }
        self._home = home
        self._url = url
        self._say = say
        self._clock = clock
        self._began = clock()
        self._closing_since: datetime | None = None
        self._wake = asyncio.Event()

    def close(self) -> None:
        """Stop everything in order; on a second call, kill everything at once."""
        if self._closing_since is None:
            self._closing_since = self._clock()
            self._say(Message("supervision.stopping"))
        else:
            for kept in self._kept.values():
                kept.kill()
        self._wake.set()

    async def run(self) -> None:
        """Keep the programs running until `close`; return when the last process has ended."""
        self._show()
        async with asyncio.TaskGroup() as tasks:
            while self._closing_since is None or self._running():
                for kept in self._kept.values():
                    await self._take_step(kept, tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
        for kept in self._kept.values():
            kept.log.close()

    def _running(self) -> list[SupervisedProgram]:
        return [kept for kept in self._kept.values() if kept.child.is_running]

    def _wish(self, kept: SupervisedProgram) -> Wish:
        name = kept.program.name
        return Wish(
            is_held=self._home.holds(name),
            may_start=self._may_start(kept.program),
            closing_since=self._closing_since,
            has_running_dependents=any(name in other.program.after for other in self._running()),
        )

    def _may_start(self, program: Program) -> bool:
        # A program that never gets ready is an outage: what judges it must say so.
        judged = program.judges if self._clock() - self._began < JUDGED_AFTER else ()
        # A program that waits for one which an operator holds would wait for ever.
        return all(
            self._kept[first].was_ready or self._home.holds(first) for first in (*program.after, *judged)
        )

    async def _take_step(self, kept: SupervisedProgram, tasks: asyncio.TaskGroup) -> None:
        now = self._clock()
        match next_step(kept.child, self._wish(kept), now=now):
            case ChildAction.START:
                kept.child = replace(kept.child, is_running=True, started_at=now, asked_to_stop_at=None)
                await self._start(kept, tasks)
            case ChildAction.STOP:
                kept.child = replace(kept.child, asked_to_stop_at=now)
                kept.ask_to_stop()
            case ChildAction.KILL:
                kept.kill()
            case ChildAction.NOTHING:
                pass

    async def _start(self, kept: SupervisedProgram, tasks: asyncio.TaskGroup) -> None:
        try:
            process, output = await kept.start()
        except OSError as problem:
            # No memory or no process available: the machine may have them again in a moment.
            kept.child = after_death(kept.child, now=self._clock())
            self._say(Message("supervision.cannot-start", program=kept.program.name, why=problem.strerror))
            return
        tasks.create_task(self._until_end(kept, process, output))
        tasks.create_task(self._until_ready(kept, process.pid))
        self._show()

    async def _until_end(
        self, kept: SupervisedProgram, process: asyncio.subprocess.Process, output: int
    ) -> None:
        copying = asyncio.create_task(kept.log.copy_from(output))
        status = await process.wait()
        kept.kill()  # processes that the child started must not continue without it
        await copying
        was_asked = kept.child.asked_to_stop_at is not None
        kept.child = after_death(kept.child, now=self._clock())
        kept.pid, kept.is_ready = None, False
        if was_asked:
            self._say(Message("supervision.program-stopped", program=kept.program.name))
        elif self._closing_since is None and is_news(kept.child):
            self._say(self._obituary(kept, status))
        self._show()
        self._wake.set()

    def _obituary(self, kept: SupervisedProgram, status: int) -> Message:
        cause = (
            Message("supervision.by-signal", signal=signal.Signals(-status).name)
            if status < 0
            else Message("supervision.with-status", status=status)
        )
        pause = pause_before_start(kept.child.early_deaths).total_seconds()
        when = Message("supervision.in-seconds", seconds=pause) if pause else Message("supervision.at-once")
        ended = Message("supervision.program-ended", program=kept.program.name, cause=cause, when=when)
        last = f"    {kept.log.path}: {kept.log.last_line}" if kept.log.last_line else ""
        return lines(ended, plain(last))

    async def _until_ready(self, kept: SupervisedProgram, pid: int) -> None:
        address = kept.program.ready
        # It waits for another process, which can only be polled.
        while address and kept.pid == pid and not await asyncio.to_thread(serves, address):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        if kept.pid != pid:
            return
        is_first, kept.is_ready, kept.was_ready = not kept.was_ready, True, True
        self._say(Message("supervision.program-ready", program=kept.program.name))
        if is_first and kept.program.announces is not None:
            self._say(kept.program.announces)
        self._show()
        self._wake.set()

    def _phase(self, kept: SupervisedProgram) -> str:
        if kept.child.is_running:
            return "ready" if kept.is_ready else "starting"
        return "held" if self._home.holds(kept.program.name) else "waiting"

    def _show(self) -> None:
        processes = [
            {
                "name": kept.program.name,
                "pid": kept.pid,
                "phase": self._phase(kept),
                "starts": kept.starts,
                "log": str(kept.log.path),
            }
            for kept in self._kept.values()
        ]
        try:
            self._home.show(self._url, processes)
        except OSError as problem:
            # A full disk must not stop what still works.
            self._say(Message("supervision.home-not-shown", path=self._home.path, why=problem.strerror))


def run_until_signalled(supervisor: Supervisor) -> None:
    """Run *supervisor* in this thread until SIGTERM, SIGINT or SIGHUP has stopped it."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, supervisor.close)
        await supervisor.run()

    asyncio.run(run())
