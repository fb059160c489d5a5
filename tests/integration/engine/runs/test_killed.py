"""Real workers, killed and frozen: no finished step is repeated, no run lost or duplicated."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.integration.engine.runs.workers import ask, command, notes, run, until

pytestmark = pytest.mark.slow

DATABASES = ("sqlite", "postgres")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> Mapping[str, str]:
    environment: Mapping[str, str] = request.getfixturevalue(request.param)
    return environment


def test_a_worker_killed_at_any_moment_repeats_no_finished_step_and_loses_no_run(
    database: Mapping[str, str], tmp_path: Path
) -> None:
    kill_at, status = 0, -signal.SIGKILL

    while status == -signal.SIGKILL:
        kill_at += 1
        assert run(database, "order", tmp_path) == 0
        status = run(database, "steps", tmp_path, "first", "0", str(kill_at))
        # The lease has expired by the clock of the worker that takes over.
        assert run(database, "steps", tmp_path, "second", "10", "0") == 0

    assert kill_at > 5, "the clock is read at least once a step"
    finished: set[str] = set()
    done: Counter[str] = Counter()
    for note in notes(tmp_path):
        word, *rest = note.split()
        if word == "knows":
            finished = set(rest)
        else:
            done[":".join(rest)] += 1
            assert ":".join(rest) not in finished
    told = ask(database)
    assert {each["state"] for each in told.runs} == {"done"}
    assert len(told.runs) == kill_at
    assert len(done) == len(told.steps) == 5 * kill_at
    # Only the step running when the worker died may have been done twice.
    assert max(done.values()) <= 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "end", [pytest.param(signal.SIGKILL, id="killed"), pytest.param(signal.SIGSTOP, id="frozen")]
)
def test_the_other_of_two_workers_takes_over_and_the_late_result_is_refused(
    database: Mapping[str, str], tmp_path: Path, end: signal.Signals
) -> None:
    assert run(database, "order", tmp_path) == 0
    first = subprocess.Popen(
        command("hold", tmp_path, "first"), env=database, stdout=subprocess.PIPE, text=True
    )
    until(lambda: "holds first" in notes(tmp_path))
    second = subprocess.Popen(command("hold", tmp_path, "second"), env=database)
    until(lambda: "ready second" in notes(tmp_path))

    first.send_signal(end)

    until(lambda: "holds second" in notes(tmp_path))
    (tmp_path / "go").touch()
    until(lambda: ask(database).runs[0]["state"] == "done")
    first.send_signal(signal.SIGCONT)
    if end is signal.SIGSTOP:
        assert first.stdout is not None
        assert any("late_result_refused" in line for line in first.stdout)
    (tmp_path / "end").touch()
    statuses = first.wait(timeout=60), second.wait(timeout=60)
    if first.stdout is not None:
        first.stdout.close()
    told = ask(database)
    assert statuses == (-signal.SIGKILL if end is signal.SIGKILL else 0, 0)
    assert [step[2] for step in told.steps] == ["second"]
    assert told.attempts == [
        {"holder": "first", "outcome": "lost"},
        {"holder": "second", "outcome": "succeeded"},
    ]
    assert Counter(notes(tmp_path))["holds second"] == 1


def test_a_lone_worker_that_was_frozen_continues_its_run(database: Mapping[str, str], tmp_path: Path) -> None:
    assert run(database, "order", tmp_path) == 0
    worker = subprocess.Popen(command("hold", tmp_path, "first"), env=database)
    until(lambda: "holds first" in notes(tmp_path))

    worker.send_signal(signal.SIGSTOP)
    # Longer than a lease: the run now looks lost even by the worker's own clock.
    time.sleep(9)
    worker.send_signal(signal.SIGCONT)

    (tmp_path / "go").touch()
    until(lambda: ask(database).runs[0]["state"] == "done")
    (tmp_path / "end").touch()
    assert worker.wait(timeout=60) == 0
    told = ask(database)
    assert told.attempts == [{"holder": "first", "outcome": "succeeded"}]
    assert told.runs[0]["losses"] == 0


def test_two_schedulers_with_jumping_clocks_make_one_run_per_hour(
    database: Mapping[str, str], tmp_path: Path
) -> None:
    planners = [subprocess.Popen(command("schedule", tmp_path, seed), env=database) for seed in "12"]

    assert [planner.wait(timeout=300) for planner in planners] == [0, 0]

    due = ask(database).due
    hours = [f"2026-04-{1 + hour // 24:02}T{hour % 24:02}:00:00+00:00" for hour in range(1, 25)]
    assert due == hours


@pytest.mark.parametrize("ahead", ["3600", "-3600"], ids=["an-hour-fast", "an-hour-slow"])
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_worker_with_a_wrong_clock_takes_over_only_from_dead_workers(
    database: Mapping[str, str], tmp_path: Path, ahead: str
) -> None:
    assert run(database, "order", tmp_path) == 0
    first = subprocess.Popen(command("hold", tmp_path, "first"), env=database)
    until(lambda: "holds first" in notes(tmp_path))
    second = subprocess.Popen(command("hold", tmp_path, "second", ahead), env=database)
    until(lambda: "ready second" in notes(tmp_path))

    # Longer than a lease: by the second worker's clock the run is lost, or never will be.
    time.sleep(9)
    while_alive = ask(database).runs[0]["losses"]
    first.kill()
    until(lambda: "holds second" in notes(tmp_path))

    (tmp_path / "go").touch()
    until(lambda: ask(database).runs[0]["state"] == "done")
    (tmp_path / "end").touch()
    assert (first.wait(timeout=60), second.wait(timeout=60)) == (-signal.SIGKILL, 0)
    assert (while_alive, ask(database).runs[0]["losses"]) == (0, 1)
