"""Do every work of a document, killed before and after each of its steps; in the environment of a Toban.

Every worker is a separate process, forked before anything has been opened. It first finishes what the
previous one left, then orders the next run, and is killed at its moment: before a step begins, or after it
has done its part and before that is recorded.
"""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import django

django.setup()

import structlog  # noqa: E402
from tests.registered import PARTS  # noqa: E402

from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.operation import works_of  # noqa: E402
from toban.engine.runs import orders, scheduler  # noqa: E402
from toban.engine.runs.models import FinishedStep, Run  # noqa: E402
from toban.engine.runs.service import Runs  # noqa: E402
from toban.engine.runs.work import RunTurn, Step, Work  # noqa: E402

HOME = Path(os.environ["TOBAN_HOME"])
OPEN = (Run.State.WAITING, Run.State.RUNNING)


def note(text: str) -> None:
    """Append a line that the test reads."""
    with (HOME / "notes").open("a") as file:
        file.write(text + "\n")


@dataclass
class Edges:
    """The edges (before or after a step) of a run; the process is killed at one of them."""

    run_id: int = 0
    kill_at: int = 0

    def pass_by(self, run_id: int) -> None:
        if run_id == self.run_id:
            self.kill_at -= 1
            if self.kill_at == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def with_edges(work: Work, edges: Edges) -> Work:
    def cut(step: Step) -> Step:
        def act(turn: RunTurn) -> object:
            edges.pass_by(turn.run_id)
            note(f"did {turn.run_id} {step.name}")
            result = step.act(turn)
            edges.pass_by(turn.run_id)
            return result

        return replace(step, act=act)

    return replace(work, steps=tuple(cut(step) for step in work.steps))


def works() -> Mapping[str, Work]:
    """Return all works of the document, as the worker adopts them."""
    in_force = PARTS.in_force()
    in_force.refresh()
    assert in_force.edition is not None
    return works_of(in_force.edition, PARTS.operations)


def serve(found: Mapping[str, Work], key: str, kill_at: int) -> None:
    """Act as a worker: finish leftovers, then do a run of the work *key*, up to the edge *kill_at*."""
    finished = FinishedStep.objects.values_list("run_id", "name")
    note("knows " + " ".join(f"{run_id}:{name}" for run_id, name in finished))
    edges = Edges(kill_at=kill_at)
    cut = {each: with_edges(work, edges) for each, work in found.items()}
    runs = Runs(f"worker {os.getpid()}", system_clock)
    scheduler.plan_due(cut.values(), system_clock())
    runs.adopt(cut)
    until_all_ended(runs)
    # A file for the clean-up to find in each run.
    old = HOME / "logs" / f"access-{key.replace('/', '-')}-{kill_at}.log"
    old.touch()
    os.utime(old, (0, 0))
    edges.run_id = orders.order(key, {}, by="test", now=system_clock()).pk
    until_all_ended(runs)
    runs.close()


def until_all_ended(runs: Runs) -> None:
    while Run.objects.filter(state__in=OPEN).exists():
        runs.step()
        time.sleep(0.01)


def killed(found: Mapping[str, Work], key: str, kill_at: int) -> bool:
    """Run `serve` in a child process, and return whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            serve(found, key, kill_at)
            status = 0
        finally:
            # The exit handlers of the parent must not run in this process.
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        raise SystemExit(f"{key} at {kill_at}: a worker ended with {status}")
    return status == signal.SIGKILL


def main() -> None:
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    found = works()
    for key, work in found.items():
        edges = 0
        while killed(found, key, edges + 1):
            edges += 1
        note(f"edges {key} {edges}")
        assert edges == 2 * len(work.steps), key


main()
