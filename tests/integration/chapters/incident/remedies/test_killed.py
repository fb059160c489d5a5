"""A worker that is killed in the middle of a remedy."""

import json
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests import forking

PROGRAM = Path(__file__).with_name("remedy_worker.py")
ASK = """
import django, json, sys
django.setup()
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import Run
json.dump({
    "states": list(Run.objects.values_list("state", flat=True)),
    "recorded": [e.content["run"] for e in LedgerEntry.objects.filter(content__event="remedy-applied")],
}, sys.stdout)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(params=("sqlite", "postgres"))
def database(request: pytest.FixtureRequest) -> Mapping[str, str]:
    environment: Mapping[str, str] = request.getfixturevalue(request.param)
    return environment


def run(database: Mapping[str, str], mode: str, folder: Path, *rest: str) -> int:
    return forking.Python([PROGRAM, mode, folder, *rest], env=database).wait(timeout=120)


def test_a_worker_killed_at_any_moment_repeats_no_finished_step_and_records_the_remedy_once(
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
    told = json.loads(forking.run(["-c", ASK], env=database, check=True).stdout)
    finished: set[str] = set()
    done: Counter[str] = Counter()
    for line in (tmp_path / "notes").read_text().splitlines():
        word, *rest = line.split()
        if word == "knows":
            finished = set(rest)
        elif word == "apply":
            done[rest[0]] += 1
            assert rest[0] not in finished
    assert set(told["states"]) == {"done"}
    assert len(told["states"]) == len(done) == kill_at
    assert max(done.values()) <= 2
    assert sorted(told["recorded"]) == sorted(set(told["recorded"]))
    assert len(told["recorded"]) == kill_at
