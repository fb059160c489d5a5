"""Several processes that plan, report and watch the same work create one run per due time."""

from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE

import pytest
from tests.forking import Python, run

REPORTER = Path(__file__).with_name("reporter.py")
DAYS, PROCESSES = 15, 4
ASK = """
import django; django.setup()
from toban.engine.runs.models import Run
scheduled = Run.objects.filter(ordered_by="schedule")
print(scheduled.count(), scheduled.values("due_at").distinct().count())
print(*sorted(set(Run.objects.values_list("state", flat=True))))
"""


def answers(processes: Sequence[Python]) -> list[str]:
    return [process.stdout.readline() for process in processes if process.stdout is not None]


@pytest.mark.parametrize("database", [pytest.param("sqlite", marks=pytest.mark.slow), "postgres"])
def test_each_due_time_has_exactly_one_run_and_every_run_has_ended(
    request: pytest.FixtureRequest, database: str
) -> None:
    environment = request.getfixturevalue(database)
    processes = [Python([REPORTER], env=environment, stdin=PIPE, stdout=PIPE) for _ in range(PROCESSES)]
    assert answers(processes) == ["ready\n"] * PROCESSES

    for day in range(DAYS):
        # All at once; the next day begins when all are done with this one.
        for process in processes:
            print(day, file=process.stdin, flush=True)
        assert answers(processes) == ["done\n"] * PROCESSES
    for process in processes:
        process.communicate(timeout=60)

    asked = run(["-c", ASK], env=environment, check=True)
    assert asked.stdout.splitlines() == [f"{DAYS} {DAYS}", "done"]
