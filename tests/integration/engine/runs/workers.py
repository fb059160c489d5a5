"""Worker processes of `runs_worker.py`, and what they and the tables report."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import forking

PROGRAM = Path(__file__).with_name("runs_worker.py")
ASK = """
import django, json, sys
django.setup()
from toban.engine.runs.models import *
json.dump({
    "runs": list(Run.objects.order_by("pk").values("work", "state", "losses")),
    "due": [due.isoformat() for due in Run.objects.order_by("due_at").values_list("due_at", flat=True)],
    "attempts": list(Attempt.objects.order_by("pk").values("holder", "outcome")),
    "steps": list(FinishedStep.objects.order_by("run", "pk").values_list("run", "name", "result")),
}, sys.stdout)
"""


@dataclass(frozen=True)
class Told:
    """The content of the tables."""

    runs: list[dict[str, object]]
    due: list[str]
    attempts: list[dict[str, str]]
    steps: list[tuple[int, str, object]]


def command(mode: str, folder: Path, *rest: str) -> list[str]:
    return [sys.executable, str(PROGRAM), mode, str(folder), *rest]


def run(environment: Mapping[str, str], mode: str, folder: Path, *rest: str) -> int:
    return forking.Python([PROGRAM, mode, folder, *rest], env=environment).wait(timeout=120)


def ask(environment: Mapping[str, str]) -> Told:
    told = forking.run(["-c", ASK], env=environment, check=True)
    return Told(**json.loads(told.stdout))


def notes(folder: Path) -> list[str]:
    path = folder / "notes"
    return path.read_text().splitlines() if path.exists() else []


def until(question: Callable[[], bool]) -> None:
    """Wait until *question* returns true; the limit only matters if a worker is broken."""
    for _ in range(1200):
        if question():
            return
        time.sleep(0.05)
    pytest.fail("not within a minute")
