"""A process whose clock is not the state database's takes no work, and says so."""

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError

from toban.design.values.schedule import read_schedule
from toban.engine.bindings.model import System
from toban.engine.runs import scheduler
from toban.engine.runs.models import Run
from toban.engine.runs.rules import CatchUp
from toban.engine.runs.service import Runs
from toban.engine.runs.work import Step, Work
from toban.engine.supervision.home import clock_file
from toban.engine.timekeeping.models import WrongClock
from toban.engine.timekeeping.timekeeper import Timekeeper

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOST = socket.gethostname()

READ_BOTH = """
import django, sys
from datetime import timedelta
from pathlib import Path
django.setup()
from toban.engine.clock import system_clock
from toban.engine.timekeeping.models import WrongClock
from toban.engine.timekeeping.timekeeper import Timekeeper, clock_of_database
for minutes in (0, 11):
    clock = lambda: system_clock() + timedelta(minutes=minutes)
    keeper = Timekeeper(Path(sys.argv[1]), clock, clock_of_database())
    keeper.compare()
    print(keeper.trusts(clock()), [round(each.ahead_seconds) for each in WrongClock.objects.all()])
"""


@dataclass
class Clocks:
    """The clocks that a process sees; `pass_by` lets time pass on all of them."""

    database: datetime = NOON
    own: datetime = NOON
    seconds: float = 100.0

    def pass_by(self, span: timedelta) -> None:
        self.database += span
        self.own += span
        self.seconds += span.total_seconds()

    def keeper(self, home: Path) -> Timekeeper:
        return Timekeeper(home, lambda: self.own, lambda: self.database, seconds=lambda: self.seconds)


def test_nothing_is_trusted_before_the_first_comparison(tmp_path: Path) -> None:
    clocks = Clocks()
    keeper = clocks.keeper(tmp_path)

    assert not keeper.trusts(NOON)
    keeper.compare()
    assert keeper.trusts(NOON)


def test_processes_of_one_machine_share_its_clock_and_compare_nothing(tmp_path: Path) -> None:
    keeper = Timekeeper(tmp_path, lambda: NOON, None)

    assert keeper.trusts(NOON + 11 * MINUTE)
    assert keeper.now() == NOON


def test_a_wrong_clock_is_made_known_until_it_is_right(tmp_path: Path) -> None:
    clocks = Clocks(own=NOON + 11 * MINUTE)
    keeper = clocks.keeper(tmp_path)
    keeper.compare()

    assert not keeper.trusts(clocks.own)
    assert keeper.now() == NOON
    wrong = WrongClock.objects.get()
    assert (wrong.host, wrong.ahead_seconds, wrong.since) == (HOST, 660.0, NOON)
    assert clock_file(tmp_path).read_text() == "660.0"

    clocks.pass_by(SECOND)
    keeper.compare()
    wrong.refresh_from_db()
    assert (wrong.since, wrong.seen_at) == (NOON, NOON + SECOND)

    clocks.own = NOON + SECOND
    keeper.compare()
    assert keeper.trusts(clocks.own)
    assert not WrongClock.objects.exists()
    assert not clock_file(tmp_path).exists()


def test_a_clock_that_jumps_is_noticed_before_the_next_comparison(tmp_path: Path) -> None:
    clocks = Clocks()
    keeper = clocks.keeper(tmp_path)
    keeper.compare()
    clocks.pass_by(SECOND)
    assert keeper.trusts(clocks.own)

    clocks.own += 11 * MINUTE

    assert not keeper.trusts(clocks.own)
    assert keeper.now() == NOON + SECOND


def test_a_database_that_does_not_answer_changes_nothing(tmp_path: Path) -> None:
    clocks = Clocks()
    answers = iter([NOON])

    def read() -> datetime:
        for each in answers:
            return each
        raise OperationalError("gone")

    keeper = Timekeeper(tmp_path, lambda: clocks.own, read, seconds=lambda: clocks.seconds)
    keeper.compare()
    keeper.compare()

    assert keeper.trusts(NOON)


def test_a_predecessors_wrong_clock_is_forgotten_by_a_process_that_starts_right(tmp_path: Path) -> None:
    WrongClock.note(HOST, 11 * MINUTE, NOON - MINUTE)
    clock_file(tmp_path).write_text("660.0")

    Clocks().keeper(tmp_path).compare()

    assert not WrongClock.objects.exists()
    assert not clock_file(tmp_path).exists()


def hourly() -> Work:
    schedule = read_schedule("1時間毎")
    assert schedule is not None
    return Work(
        key="B001", clause_id="batch/batch/B001", document_digest="", schedule=schedule, system=System(),
        steps=(Step("command", lambda _turn: None),), catch_up=CatchUp.SKIP,
    )  # fmt: skip


def test_a_fast_worker_skips_no_due_run_and_works_again_when_its_clock_is_right(tmp_path: Path) -> None:
    start = NOON - 5 * MINUTE
    clocks = Clocks(database=start, own=start + 11 * MINUTE)
    keeper = clocks.keeper(tmp_path)
    keeper.compare()
    scheduler.plan_due([hourly()], start)
    fast = Runs("fast", lambda: clocks.own, most=0, trusts=keeper.trusts)
    fast.adopt({"B001": hourly()})

    fast.step()
    assert not Run.objects.exists()

    clocks.database = clocks.own = NOON
    keeper.compare()
    fast.step()
    fast.close()
    assert [(run.due_at, run.reason == "missed") for run in Run.objects.all()] == [(NOON, False)]


def test_a_worker_with_a_wrong_clock_rests_between_its_steps() -> None:
    wrong = Runs("wrong", lambda: NOON, trusts=lambda _now: False)
    wrong.adopt({"B001": hourly()})
    began = time.monotonic()

    wrong.step()

    wrong.close()
    assert time.monotonic() - began > 0.5


def test_postgresql_has_a_clock_to_compare_with(postgres: dict[str, str], tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", READ_BOTH, str(tmp_path)], env=postgres, check=True, capture_output=True
    )

    assert told.stdout.decode().splitlines()[::2] == ["True []", "False [660]"]
    assert b"clock_wrong" in told.stdout
