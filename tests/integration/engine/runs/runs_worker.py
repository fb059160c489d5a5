"""A worker of one work with five steps, for tests that kill it: runs_worker.py MODE FOLDER [ARGUMENT...].

plan FOLDER                          put the work in force, and order nothing
order FOLDER                         order a run of the work
steps FOLDER HOLDER AHEAD KILL_AT    do it; the clock is AHEAD seconds fast and kills at reading KILL_AT
hold FOLDER HOLDER [AHEAD]           do a work whose step waits for the file FOLDER/go
unknown FOLDER                       do a run with a parameter that the work no longer knows
listen FOLDER                        note each ring of the bell, until the file FOLDER/end exists
schedule FOLDER SEED                 plan a day of hourly runs with a clock that jumps back and forth
"""

import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

import structlog  # noqa: E402

from toban.design.values.schedule import read_schedule  # noqa: E402
from toban.engine import loops  # noqa: E402
from toban.engine.bindings.model import System  # noqa: E402
from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.loops import Loop  # noqa: E402
from toban.engine.runs import orders, scheduler  # noqa: E402
from toban.engine.runs.claiming.bell import Bell  # noqa: E402
from toban.engine.runs.claiming.runner import Runner  # noqa: E402
from toban.engine.runs.models import FinishedStep, Run  # noqa: E402
from toban.engine.runs.service import Runs  # noqa: E402
from toban.engine.runs.work import RunTurn, Step, Work  # noqa: E402

MODE, FOLDER, *REST = sys.argv[1:]
STEPS = 5


def note(text: str) -> None:
    """Append a line in one write, so that other processes cannot interleave."""
    with (Path(FOLDER) / "notes").open("a") as file:
        file.write(text + "\n")


def step(number: int) -> Step:
    def act(turn: RunTurn) -> object:
        note(f"did {turn.run_id} {number}")
        return {"number": number, "before": sorted(turn.results)}

    return Step(f"step{number}", act)


def hold(turn: RunTurn) -> object:
    note(f"holds {REST[0]}")
    while not (Path(FOLDER) / "go").exists():
        time.sleep(0.05)
    return REST[0]


def work(*steps: Step, rule: str = "日次 4:00") -> Work:
    schedule = read_schedule(rule)
    assert schedule is not None
    return Work(
        key="W",
        clause_id="batch/batch/W",
        document_digest="",
        steps=steps,
        schedule=schedule,
        system=System(),
    )


class DeadlyClock:
    """A clock that kills its process with SIGKILL after a number of readings."""

    def __init__(self, ahead: timedelta, kill_at: int) -> None:
        self._ahead = ahead
        self._left = kill_at

    def __call__(self) -> datetime:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return datetime.now(UTC) + self._ahead


def do_steps() -> None:
    holder, ahead, kill_at = REST
    finished = FinishedStep.objects.values_list("run_id", "name")
    note("knows " + " ".join(f"{run_id}:{name.removeprefix('step')}" for run_id, name in finished))
    runner = Runner(holder, DeadlyClock(timedelta(seconds=float(ahead)), int(kill_at)))
    runner.adopt({"W": work(*(step(number) for number in range(STEPS)))})
    while Run.objects.exclude(state=Run.State.DONE).exists():
        runner.step()
        time.sleep(0.01)


def do_unknown() -> None:
    scheduler.plan_due([replace(work(), parameters=None)], system_clock())
    orders.order("W", {"dat": "2026-11-01"}, by="test", now=system_clock())
    runner = Runner("a", system_clock)
    runner.adopt({"W": work(step(0))})
    while Run.objects.filter(ended_at=None).exists():
        runner.step()
        time.sleep(0.01)
    runner.close()


def do_hold() -> None:
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory()
    )
    ahead = timedelta(seconds=float(REST[1]) if len(REST) > 1 else 0)
    runs, stop = Runs(REST[0], lambda: system_clock() + ahead), threading.Event()
    runs.adopt({"W": work(Step("hold", hold))})
    note(f"ready {REST[0]}")

    def look_for_end() -> None:
        if (Path(FOLDER) / "end").exists():
            stop.set()

    loops.run([Loop("runs", runs.step, every=0.01), Loop("end", look_for_end, every=0.1)], stop, patience=5)
    runs.close()


def do_listen() -> None:
    bell = Bell()
    note("listens")
    while not (Path(FOLDER) / "end").exists():
        if bell.wait(0.2):
            note("rung")
    bell.close()


def do_schedule() -> None:
    jumps = random.Random(int(REST[0]))  # noqa: S311 - to and fro, the same each time
    start = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    hourly = work(step(0), rule="1時間毎")
    scheduler.plan_due([hourly], start)
    # Together: for one that began when the other is through, that one's clock would have been a day ahead.
    note(f"plans {REST[0]}")
    while (Path(FOLDER) / "notes").read_text().count("plans") < 2:
        time.sleep(0.01)
    for tick in range(24 * 6):
        now = start + timedelta(minutes=10 * tick)
        scheduler.plan_due([hourly], now)
        scheduler.plan_due([hourly], now - timedelta(minutes=jumps.randrange(0, 180)))


structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
match MODE:
    case "plan":
        scheduler.plan_due([work()], system_clock())
    case "order":
        scheduler.plan_due([work()], system_clock())
        orders.order("W", {}, by="test", now=system_clock())
    case "steps":
        do_steps()
    case "unknown":
        do_unknown()
    case "hold":
        do_hold()
    case "listen":
        do_listen()
    case "schedule":
        do_schedule()
