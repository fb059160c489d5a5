"""What is acknowledged to a client is kept exactly once, whatever is killed or attacked meanwhile."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import pytest
from benchmarks.attack import attack
from tests.e2e.faults.acknowledging import clients_of, require_each_once, running
from tests.e2e.faults.clients import sending
from tests.e2e.running import Toban, enterable_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def toban() -> Iterator[Toban]:
    with enterable_folder() as folder, running(folder, folder / "home") as started:
        yield started


def test_kills_lose_and_double_nothing_acknowledged(toban: Toban) -> None:
    clients = clients_of(toban)

    with sending(clients):
        for _ in range(3):
            for name in ("serve", "store", "worker"):
                time.sleep(5)
                os.kill(toban.child(name)["pid"], signal.SIGKILL)
            time.sleep(5)
            toban.kill()
            toban.start()
        time.sleep(5)

    require_each_once(toban, clients)


def test_an_attack_on_every_intake_loses_and_doubles_nothing_acknowledged(toban: Toban) -> None:
    clients = clients_of(toban)

    with sending(clients):
        answers = asyncio.run(attack(toban.url, seconds=40))

    assert sum(answers.values()) > 100
    require_each_once(toban, clients)
