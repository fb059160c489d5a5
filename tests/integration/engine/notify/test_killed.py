"""kill -9 between any two stages: nothing is lost, and a repeated notice has the same key."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from tests.integration.engine.notify.surroundings import surroundings

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("killed.py")


@pytest.mark.parametrize(
    ("database", "stride"),
    [
        pytest.param("sqlite", 40, id="sqlite-now-and-then"),
        pytest.param("sqlite", 3, id="sqlite-everywhere", marks=pytest.mark.slow),
        pytest.param("postgres", 3, id="postgresql-everywhere", marks=pytest.mark.slow),
    ],
)
def test_a_worker_killed_at_any_statement_loses_no_notice_and_repeats_only_with_the_same_key(
    database: str, stride: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    state = request.getfixturevalue(database)
    with surroundings(tmp_path, "web-1") as around:
        run = [sys.executable, str(PROGRAM), "web-1", str(stride)]
        environment = {**around.environment(state, "1分"), "PYTHONPATH": os.pathsep.join(sys.path)}
        finished = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr

    lives = [json.loads(line) for line in finished.stdout.splitlines()]
    keys = [
        {each.key for each in around.received if each.channel == channel and mark in each.text}
        for channel, mark in product(("hook", "mail"), ("■ 異常", "● 復旧"))
    ]
    doubled = around.doubled()
    print(  # noqa: T201 - what the slow run is for
        f"{database}: {len(lives) - 1} kills, {len(around.received)} notices arrived,"
        f" {sum(doubled.values()) - len(doubled)} of them again"
    )
    assert len(lives) > 5
    assert all(life == {"states": ["delivered"], "open": 0, "broken": "None"} for life in lives)
    # Four different notices per life: as many keys of each as lives, however often each one arrived.
    assert [len(found) for found in keys] == [len(lives)] * 4
    if stride == 3:
        # Some of the kills were between the receiver's answer and our receipt.
        assert doubled
