"""A store that hangs while a day is deleted: everybody else can write, and a hold waits or says why not."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.integration.chapters.logs.keeping.test_keeper import ages, fill
from tests.integration.engine.telemetry.conftest import StoreProcess

SCRIPT = Path(__file__).with_name("deleter.py")
ROOT = Path(__file__).parents[5]

pytestmark = pytest.mark.slow

type Started = Callable[..., subprocess.Popen[str]]


@pytest.fixture(params=["sqlite", "postgres"])
def state(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """A state database shared by several processes, as their environment."""
    environment: Mapping[str, str] = request.getfixturevalue(request.param)
    return environment


@pytest.fixture
def started(state: Mapping[str, str]) -> Iterator[Started]:
    """Start `deleter.py`; processes still running at the end are killed."""
    with ExitStack() as running:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, str(SCRIPT), *arguments],
                    env={**state, "PYTHONPATH": str(ROOT)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            running.callback(process.kill)
            return process

        yield start


@pytest.fixture
def deleting(store: StoreProcess, started: Started) -> Iterator[subprocess.Popen[str]]:
    """A worker that has told the store to delete a day, and hangs at that point."""
    store.telemetry.do("TRUNCATE TABLE logs", {})
    fill(store.telemetry, "access", 0, 91)
    process = started("delete", store.telemetry_url)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "deleting\n"
    store.process.send_signal(signal.SIGSTOP)
    process.stdin.write("\n")
    process.stdin.flush()
    yield process
    store.process.send_signal(signal.SIGCONT)


def said(process: subprocess.Popen[str]) -> str:
    """Return what the process printed; it must have succeeded."""
    answer, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return answer.strip()


@pytest.mark.usefixtures("deleting")
def test_other_writers_are_not_blocked_while_the_store_hangs(started: Started) -> None:
    writing = [started("write") for _ in range(2)]

    assert [said(each) for each in writing] == ["written", "written"]


@pytest.mark.usefixtures("deleting")
def test_a_hold_that_waited_too_long_says_why_and_what_to_do(started: Started) -> None:
    told = said(started("hold", "0.5"))

    assert told.startswith("StillDeleting: ほかのプロセスが古いログを削除している最中で、0.5秒待っても")
    assert "HINT: " in told
    assert "toban processes --stop worker" in told


def test_a_hold_waits_for_the_day_being_deleted_and_keeps_the_rest(
    deleting: subprocess.Popen[str], store: StoreProcess, started: Started
) -> None:
    waiting = started("hold", "60")

    store.process.send_signal(signal.SIGCONT)

    assert said(waiting).startswith("held")
    assert "log_day_deleted" in said(deleting)
    assert ages(store.telemetry) == [0]


def test_a_killed_deleter_releases_its_lock_and_the_hold_names_the_day_it_was_deleting(
    deleting: subprocess.Popen[str], started: Started
) -> None:
    waiting = started("hold", "60")

    deleting.kill()

    assert said(waiting) == "held ['2026-08-27']"


def test_a_deleter_started_before_a_hold_deletes_nothing_after_it(
    store: StoreProcess, started: Started
) -> None:
    store.telemetry.do("TRUNCATE TABLE logs", {})
    fill(store.telemetry, "access", 0, 91)

    assert said(started("hold", "60")) == "held []"
    assert said(started("delete", store.telemetry_url)) == ""

    assert ages(store.telemetry) == [0, 91]


def test_two_servers_that_use_different_database_names_share_the_lock(
    sqlite: Mapping[str, str], store: StoreProcess, tmp_path: Path
) -> None:
    store.telemetry.do("TRUNCATE TABLE logs", {})
    fill(store.telemetry, "access", 0, 91)
    (tmp_path / "other").symlink_to(tmp_path, target_is_directory=True)
    other = {**sqlite, "TOBAN_STATE_URL": f"sqlite:///{tmp_path / 'other' / 'state.sqlite3'}"}

    def start(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with start(sqlite, "delete", store.telemetry_url) as deleting:
        assert deleting.stdout is not None
        assert deleting.stdout.readline() == "deleting\n"
        refused = said(start(other, "hold", "0.5"))
        deleting.communicate("\n", timeout=60)

    assert refused.startswith("StillDeleting")


def test_a_lock_file_that_cannot_be_opened_is_named(sqlite: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3-holds").mkdir()

    told = subprocess.run(
        [sys.executable, str(SCRIPT), "hold", "1"],
        env={**sqlite, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )

    assert told.stdout.startswith("LockUnusable: ")
    assert "state.sqlite3-holds" in told.stdout
