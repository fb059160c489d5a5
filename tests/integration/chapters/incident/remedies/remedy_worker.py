"""A worker of one remedy, for tests that kill it: remedy_worker.py MODE FOLDER [HOLDER AHEAD KILL_AT].

order FOLDER                         order a run of the remedy
steps FOLDER HOLDER AHEAD KILL_AT    do it; the clock is AHEAD seconds fast and kills at reading KILL_AT
"""

import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

import structlog  # noqa: E402
from tests.integration.chapters.incident.remedies.mended import DOCUMENT, RESTART  # noqa: E402
from tests.registered import PARTS  # noqa: E402

from toban.chapters.incident.operation import OPERATION  # noqa: E402
from toban.chapters.incident.remedies.works import works  # noqa: E402
from toban.design.reader import read_design  # noqa: E402
from toban.engine.bindings.load import read_bindings  # noqa: E402
from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.editions.edition import Edition  # noqa: E402
from toban.engine.runs import orders, scheduler  # noqa: E402
from toban.engine.runs.claiming.runner import Runner  # noqa: E402
from toban.engine.runs.models import FinishedStep, Run  # noqa: E402

MODE, FOLDER, *REST = sys.argv[1:]
NOTES = Path(FOLDER) / "notes"


class DeadlyClock:
    """A clock that kills its process with SIGKILL after a number of readings."""

    def __init__(self, ahead: timedelta, kill_at: int) -> None:
        self._ahead, self._left = ahead, kill_at

    def __call__(self) -> datetime:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return datetime.now(UTC) + self._ahead


def note(text: str) -> None:
    with NOTES.open("a") as file:
        file.write(text + "\n")


def main() -> None:
    """Order the remedy, or do what is ordered."""
    text = (
        f'[remedies."{RESTART}"]\nkind = "command"\nmode = "act"\n'
        f'command = ["sh", "-c", "echo apply $BATCH_RUN >> {NOTES}"]\n'
        f'rehearsal = ["sh", "-c", "echo look >> {NOTES}"]\n'
    )
    bindings = read_bindings(text, Path(FOLDER) / "toban.toml", PARTS.schema)
    edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)
    plan = edition.plan(OPERATION)
    if MODE == "order":
        scheduler.plan_due(works(plan).values(), system_clock())
        orders.order(f"remedy/{RESTART}", {}, by="test", now=system_clock())
        return
    holder, ahead, kill_at = REST
    clock = DeadlyClock(timedelta(seconds=float(ahead)), int(kill_at))
    done = FinishedStep.objects.filter(name="apply").values_list("run_id", flat=True)
    note("knows " + " ".join(map(str, done)))
    runner = Runner(holder, clock)
    runner.adopt(works(plan, clock))
    while Run.objects.exclude(state=Run.State.DONE).exists():
        runner.step()
        time.sleep(0.01)


structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
main()
