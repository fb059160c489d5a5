"""A worker of the run ledger that says when steps began: `python -m benchmarks.runs.worker TASK ...`.

Started by `benchmarks.runs` with the state database in the environment; prints JSON.

many WORKS RUNS     do RUNS runs that wait, and print how many seconds that took
due WORKS SECONDS   do works whose due times are spread over SECONDS, and print the lag of each start
burst WORKS         do works that are all due at one moment, and print the lag of each start
ordered ORDERS      do runs that another process orders (`order`), and print the lag of each start
order ORDERS        order them, one by one
hold HOLDER         do one run whose step never ends; a line says when this worker has looked at the tables
                    first, and another when the step began. The holder `first` orders it
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import django

django.setup()

import structlog  # noqa: E402 - Django comes first

from toban.design.values.schedule import Cadence, Schedule  # noqa: E402
from toban.engine import loops  # noqa: E402
from toban.engine.bindings.model import System  # noqa: E402
from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.loops import Loop  # noqa: E402
from toban.engine.runs import orders, scheduler  # noqa: E402
from toban.engine.runs.models import Run  # noqa: E402
from toban.engine.runs.service import Runs  # noqa: E402
from toban.engine.runs.work import RunTurn, Step, Work  # noqa: E402

UTC_SYSTEM = System(timezone="UTC")
AHEAD = timedelta(seconds=6)
"""From the start to the first due time, so that all works are known by then."""


class Steps:
    """The step of every work: it only records when it began."""

    def __init__(self, expected: int) -> None:
        self.lags: list[float] = []
        self._expected = expected
        self.all_began = threading.Event()

    def act(self, turn: RunTurn) -> None:
        """Record the milliseconds since the due time."""
        self.lags.append((datetime.now(UTC) - turn.due_at).total_seconds() * 1000)
        if len(self.lags) == self._expected:
            self.all_began.set()


def work(number: int, steps: Steps, due: datetime) -> Work:
    """Return a work that is due daily at the clock time of *due*, which may have seconds."""
    schedule = Schedule(cadence=Cadence.DAILY, at=due.astimezone(UTC).time())
    return Work(
        key=f"W{number}",
        clause_id=f"batch/batch/W{number}",
        document_digest="0" * 64,
        steps=(Step("act", steps.act),),
        schedule=schedule,
        system=UTC_SYSTEM,
    )


def drive(
    works: Sequence[Work], until: threading.Event, *, holder: str = "benchmark", says: str = ""
) -> None:
    """Do *works* as `toban worker` does, until stopped; print *says* after the first look at the tables."""
    runs = Runs(holder, system_clock)
    runs.adopt({each.key: each for each in works})
    if says:
        runs.step()
        print(json.dumps(says), flush=True)
    loops.run([Loop("runs", runs.step, every=0.005)], until, patience=5)
    runs.close()


def many(works: int, count: int) -> object:
    """Do runs that are already waiting."""
    now, steps = system_clock(), Steps(count)
    made = [work(number, steps, now - timedelta(hours=1)) for number in range(works)]
    scheduler.plan_due(made, now)
    Run.objects.bulk_create(
        Run(
            work=made[number % works].key, due_at=now - timedelta(seconds=number), wake_at=now,
            clause_id="", ordered_by="schedule", reason="on-time",
        )
        for number in range(count)
    )  # fmt: skip
    done, ended_at = threading.Event(), 0.0

    def watch() -> None:
        nonlocal ended_at
        steps.all_began.wait()
        while Run.objects.exclude(state=Run.State.DONE).exists():
            time.sleep(0.01)
        ended_at = time.perf_counter()
        done.set()

    threading.Thread(target=watch).start()
    began_at = time.perf_counter()
    drive(made, done)
    return ended_at - began_at


def due(works: int, seconds: float) -> object:
    """Do works as they fall due, spread over *seconds*."""
    now, steps = system_clock(), Steps(works)
    first = now + AHEAD
    apart = timedelta(seconds=seconds / works)
    made = [work(number, steps, first + number * apart) for number in range(works)]
    drive(made, steps.all_began)
    return steps.lags


def ordered(count: int) -> object:
    """Do what others order."""
    steps = Steps(count)
    made = [work(number, steps, system_clock() - timedelta(hours=1)) for number in range(10)]
    scheduler.plan_due(made, system_clock())
    print(json.dumps("ready"), flush=True)
    drive(made, steps.all_began)
    return steps.lags


def order(count: int) -> object:
    """Order a run at intervals; its due time is the moment of the order."""
    for number in range(count):
        orders.order(f"W{number % 10}", {}, by="benchmark", now=system_clock())
        time.sleep(0.05 + number % 7 / 100)
    return count


def hold(holder: str) -> object:
    """Begin a step that never ends, and say so."""

    def act(_turn: RunTurn) -> None:
        print(json.dumps("began"), flush=True)
        threading.Event().wait()

    made = work(0, Steps(1), system_clock() - timedelta(hours=1))
    held = replace(made, steps=(Step("act", act),))
    scheduler.plan_due([held], system_clock())
    if holder == "first":
        orders.order(held.key, {}, by="benchmark", now=system_clock())
    drive([held], threading.Event(), holder=holder, says="looking")
    return "never"


def main() -> None:
    """Do the task that the command line names."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        # Standard output is reserved for the answer.
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    task, *rest = sys.argv[1:]
    match task:
        case "many":
            answer = many(int(rest[0]), int(rest[1]))
        case "due":
            answer = due(int(rest[0]), float(rest[1]))
        case "burst":
            answer = due(int(rest[0]), 0)
        case "ordered":
            answer = ordered(int(rest[0]))
        case "order":
            answer = order(int(rest[0]))
        case "hold":
            answer = hold(rest[0])
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
