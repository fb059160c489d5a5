"""Processes are killed in the middle of a game day: what was broken is mended, and there is a result."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.faults.outage import FAILURE, Shop, await_calm, watching
from tests.e2e.running import Inbox, Toban, wait_for

pytestmark = pytest.mark.slow

SECONDS = 3.0
"""What each command takes: long enough to be killed in its middle."""
PARTS = ["alert", "told", "incident", "response", "remedy", "recovered", "report"]
OPEN = "SELECT count(*) FROM incident_incident WHERE closed_at IS NULL"
NOT_DRILLS = "SELECT count(*) FROM incident_incident WHERE NOT is_drill"
DECLARED = "SELECT incident_id FROM incident_gameday WHERE state = 'running' AND incident_id IS NOT NULL"
LOSSES = "SELECT state, losses FROM runs_run WHERE id = {}"


@pytest.fixture(scope="module")
def toban(
    folder: Path, site: tuple[Shop, str], slack: tuple[Inbox, str], mail: tuple[Inbox, int]
) -> Iterator[Toban]:
    running = watching(
        folder, site[1], smtp=mail[1], slack=slack[1], apply=0.5, breaks=SECONDS, restore=SECONDS
    )
    try:
        running.start()
        yield running
    finally:
        running.leave()


@pytest.fixture
def shop(toban: Toban, site: tuple[Shop, str]) -> Shop:
    """The shop, whole, with nothing open: otherwise no game day is held."""
    shop = site[0]
    shop.mend()
    await_calm(toban)
    wait_for(lambda: toban.state(OPEN) == [(0,)], within=60)
    shop.forget()
    return shop


def kill(toban: Toban, *names: str) -> None:
    for name in names:
        os.kill(toban.child(name)["pid"], signal.SIGKILL)


def in_the_break(_toban: Toban, shop: Shop) -> bool:
    return shop.count("break began") == 1


def in_the_watch(toban: Toban, _shop: Shop) -> bool:
    return bool(toban.state(DECLARED))


def in_the_restore(_toban: Toban, shop: Shop) -> bool:
    return shop.count("restore began") == 1


def held(toban: Toban, folder: Path, during: Callable[[], None]) -> dict[str, Any]:
    """Hold the game day as an operator does, with something happening *during* it; return what came of it."""
    words = ["drill", "incident", FAILURE, "--yes", "--format", "json", "--pdf", str(folder / "certificates")]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(toban.run, *words)
        during()
        ended = done.result()
    assert ended.returncode in (0, 1), ended.stderr
    (found,) = json.loads(ended.stdout)
    assert (folder / "certificates" / f"game-day-{found['game_day']}.pdf").stat().st_size > 1000
    assert ended.returncode == (0 if found["state"] == "passed" else 1)
    return dict(found)


@pytest.mark.parametrize(
    ("moment", "began"),
    [
        (in_the_break, {"break": 2, "restore": 1}),
        (in_the_watch, {"break": 1, "restore": 1}),
        (in_the_restore, {"break": 1, "restore": 2}),
    ],
)
def test_a_game_day_that_loses_worker_and_server_goes_on_where_it_was(
    toban: Toban, shop: Shop, folder: Path, moment: Callable[[Toban, Shop], bool], began: dict[str, int]
) -> None:
    def during() -> None:
        wait_for(lambda: moment(toban, shop), within=90)
        kill(toban, "worker", "serve")

    found = held(toban, folder, during)

    missed = [part for part in found["parts"] if not part["passed"]]
    assert (found["state"], missed) == ("passed", [])
    assert [part["part"] for part in found["parts"]] == PARTS
    assert toban.state(LOSSES.format(found["run"])) == [("done", 1)]
    assert {act: shop.count(f"{act} began") for act in ("break", "restore")} == began
    assert {act: shop.count(f"{act} ended") for act in ("break", "apply", "restore")} == {
        "break": 1, "apply": 1, "restore": 1,
    }  # fmt: skip
    assert shop.is_whole
    assert found["incident"]
    assert found["evidence"]
    assert toban.state(NOT_DRILLS) == [(0,)]


def test_a_game_day_outlives_toban_itself(toban: Toban, shop: Shop, folder: Path) -> None:
    def during() -> None:
        wait_for(lambda: in_the_watch(toban, shop), within=90)
        toban.kill()
        toban.start()

    found = held(toban, folder, during)

    assert found["state"] == "passed", found["parts"]
    assert toban.state(LOSSES.format(found["run"])) == [("done", 1)]
    assert shop.is_whole
    assert toban.state(NOT_DRILLS) == [(0,)]


def test_a_game_day_that_loses_every_worker_says_why_and_leaves_nothing_broken(
    toban: Toban, shop: Shop, folder: Path
) -> None:
    def has_begun(times: int) -> bool:
        return shop.count("break began") == times

    def during() -> None:
        for number in (1, 2, 3):
            wait_for(partial(has_begun, number), within=90)
            kill(toban, "worker")

    found = held(toban, folder, during)

    assert toban.state(LOSSES.format(found["run"])) == [("failed", 3)]
    assert found["state"] == "failed"
    assert found["said"]["code"] == "incident-gameday.broke-off", found["said"]
    assert "restored" in found["times"]
    assert found["evidence"]
    assert shop.count("restore ended") == 1
    assert shop.is_whole
    assert toban.run("evidence", "verify").returncode == 0
