"""A worker's bell: it rings for what other processes order."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.integration.engine.runs.workers import command, notes, run, until


def test_an_order_of_another_process_wakes_a_worker_on_sqlite_and_no_other_commit_does(
    sqlite: Mapping[str, str], tmp_path: Path
) -> None:
    listener = subprocess.Popen(command("listen", tmp_path), env=sqlite)
    try:
        until(lambda: "listens" in notes(tmp_path))
        assert run(sqlite, "plan", tmp_path) == 0
        time.sleep(1)
        at_rest = notes(tmp_path)
        assert run(sqlite, "order", tmp_path) == 0
        until(lambda: "rung" in notes(tmp_path))
    finally:
        (tmp_path / "end").touch()
    assert listener.wait(timeout=60) == 0
    assert at_rest == ["listens"]
