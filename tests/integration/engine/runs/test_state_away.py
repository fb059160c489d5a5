"""The state database goes down while real workers use it, and comes back."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.integration.engine.runs.workers import ask, command, notes, run, until
from tests.integration.engine.servers import Server

pytestmark = pytest.mark.slow


# Longer than a lease: afterwards every run looks lost.
@pytest.mark.parametrize("seconds", [9, 60], ids=["nine-seconds", "a-minute"])
def test_a_step_that_ends_during_a_database_outage_counts_once_and_workers_recover(
    postgres: Mapping[str, str], tmp_path: Path, seconds: float
) -> None:
    assert run(postgres, "order", tmp_path) == 0
    workers = [subprocess.Popen(command("hold", tmp_path, "first"), env=postgres)]
    until(lambda: "holds first" in notes(tmp_path))
    workers.append(subprocess.Popen(command("hold", tmp_path, "second"), env=postgres))
    until(lambda: "ready second" in notes(tmp_path))

    with Server(postgres).away():
        (tmp_path / "go").touch()
        time.sleep(seconds)

    until(lambda: ask(postgres).runs[0]["state"] == "done")
    assert run(postgres, "order", tmp_path) == 0
    until(lambda: [each["state"] for each in ask(postgres).runs] == ["done", "done"])
    (tmp_path / "end").touch()
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0]
    told = ask(postgres)
    assert told.attempts[0] == {"holder": "first", "outcome": "succeeded"}
    assert [each["losses"] for each in told.runs] == [0, 0]
    assert len(told.attempts) == len(told.steps) == 2


def rings(folder: Path) -> int:
    return notes(folder).count("rung")


def test_an_order_wakes_other_processes_even_after_a_database_outage(
    postgres: Mapping[str, str], tmp_path: Path
) -> None:
    listener = subprocess.Popen(command("listen", tmp_path), env=postgres)
    try:
        # A new listener rings once at the start: it may have missed something.
        until(lambda: rings(tmp_path) > 0)
        heard = rings(tmp_path)
        assert run(postgres, "order", tmp_path) == 0
        until(lambda: rings(tmp_path) > heard)
        heard = rings(tmp_path)
        with Server(postgres).away():
            pass
        until(lambda: rings(tmp_path) > heard)
        heard = rings(tmp_path)
        assert run(postgres, "order", tmp_path) == 0
        until(lambda: rings(tmp_path) > heard)
    finally:
        (tmp_path / "end").touch()
    assert listener.wait(timeout=60) == 0
