"""Several processes that do something at the same moment, with each database."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
READY = 6
"""Seconds until every process has started; all begin at the end of them."""


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    environment: dict[str, str] = request.getfixturevalue(request.param)
    return with_tests(environment)


def with_tests(environment: Mapping[str, str]) -> dict[str, str]:
    """Return *environment* in which a process can import the tests."""
    return {**environment, "PYTHONPATH": str(ROOT)}


def run(environment: Mapping[str, str], program: str, *arguments: str) -> str:
    """Run a Python program to its end, and return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def at_once(environment: Mapping[str, str], program: Path, *each: tuple[str, ...]) -> Sequence[Any]:
    """Run the file *program* with each of the arguments, at the same moment; return what they print, as JSON.

    Each is told that moment last, in seconds since the epoch.
    """
    start = str(time.time() + READY)
    processes = [
        subprocess.Popen(
            [sys.executable, str(program), *arguments, start],
            env=environment, stdout=subprocess.PIPE, text=True,
        )
        for arguments in each
    ]  # fmt: skip
    return [json.loads(process.communicate(timeout=120)[0]) for process in processes]
