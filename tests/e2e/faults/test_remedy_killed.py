"""Toban's processes are killed in the middle of a remedy: it is taken over, and ends, and is done once."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.faults.outage import Shop, await_calm, watching
from tests.e2e.running import Inbox, Toban, wait_for

pytestmark = pytest.mark.slow

APPLY = 4.0
"""Seconds that the remedy takes: long enough to be killed in its middle."""
LAST = "SELECT id, state, losses FROM runs_run WHERE work = 'remedy/再起動' ORDER BY id DESC LIMIT 1"
STEPS = "SELECT name, count(*) FROM runs_finishedstep WHERE run_id = {} GROUP BY name"
USES = "SELECT effect, took FROM incident_remedyuse WHERE run_id = {}"
APPLIED = (
    "SELECT count(*) FROM evidence_ledgerentry"
    " WHERE json_extract(content, '$.event') = 'remedy-applied' AND json_extract(content, '$.run') = {}"
)
RECOVERED = "SELECT recovered_at IS NOT NULL, is_drill FROM incident_incident ORDER BY id DESC LIMIT 1"


@pytest.fixture(scope="module")
def toban(
    folder: Path, site: tuple[Shop, str], slack: tuple[Inbox, str], mail: tuple[Inbox, int]
) -> Iterator[Toban]:
    running = watching(folder, site[1], smtp=mail[1], slack=slack[1], look=2.0, apply=APPLY)
    try:
        running.start()
        yield running
    finally:
        running.leave()


def worker(toban: Toban) -> None:
    os.kill(toban.child("worker")["pid"], signal.SIGKILL)


def worker_and_serve(toban: Toban) -> None:
    os.kill(toban.child("serve")["pid"], signal.SIGKILL)
    worker(toban)


def everything(toban: Toban) -> None:
    toban.kill()
    toban.start()


@pytest.mark.parametrize("kill", [worker, worker_and_serve, everything])
def test_a_remedy_that_loses_its_worker_in_the_middle_is_taken_over_and_mends(
    toban: Toban, site: tuple[Shop, str], kill: Callable[[Toban], None]
) -> None:
    shop = site[0]
    shop.mend()
    await_calm(toban)
    shop.forget()
    shop.fail()
    wait_for(lambda: shop.count("apply began") == 1, within=90)

    kill(toban)
    wait_for(lambda: shop.is_whole, within=90)
    await_calm(toban)

    number, state, losses = toban.state(LAST)[0]
    wait_for(lambda: toban.state(USES.format(number))[0][0] != "pending", within=60)
    (effect, took), *others = toban.state(USES.format(number))
    assert (state, losses, effect, others) == ("done", 1, "recovered", [])
    assert took is not None
    assert (shop.count("look began"), shop.count("look ended")) == (1, 1)
    # The step that was broken off is done again, as the manual says; the one before it is not.
    assert (shop.count("apply began"), shop.count("apply ended")) == (2, 1)
    assert toban.state(STEPS.format(number)) == [("apply", 1), ("look", 1), ("record", 1)]
    assert toban.state(APPLIED.format(number)) == [(1,)]
    assert toban.state(RECOVERED) == [(1, 0)]
    assert toban.run("evidence", "verify").returncode == 0
