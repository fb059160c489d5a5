"""Several servers that share a state database receive the same events: each is counted once."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

TAKER = Path(__file__).with_name("taker.py")
ROOT = Path(__file__).parents[4]
EVENTS, ERRORS = 24, 3


def taker(environment: dict[str, str], *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(TAKER), *map(str, arguments)],
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> Any:
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(told)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_same_events_sent_to_three_servers_are_counted_once(
    database: str, request: pytest.FixtureRequest
) -> None:
    environment = request.getfixturevalue(database)

    servers = [taker(environment, EVENTS, ERRORS, 4) for _ in range(3)]
    outcomes = Counter(outcome for server in servers for outcome in said(server))

    assert outcomes == {"stored": EVENTS, "repeated": 2 * EVENTS}
    assert said(taker(environment, "count")) == {
        "counts": [EVENTS // ERRORS] * ERRORS,
        "hours": EVENTS,
        "stored": EVENTS,
        "seen": EVENTS,
    }
