"""Real workers (`toban worker`) with real hosts and receivers: one dies or freezes, or its database does."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.forking import Python
from tests.integration.engine.notify.surroundings import Surroundings, surroundings, until
from tests.integration.engine.servers import Server

pytestmark = pytest.mark.slow

WAITING = """
import django
django.setup()
from toban.engine.notify.models import Delivery
print(Delivery.objects.filter(state="waiting").count())
"""


class Worker:
    """A process of `toban worker`, and its output."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = Python(["-m", "toban", "worker"], env=environment, stdout=output, stderr=output)

    def leads(self) -> bool:
        """Return whether the worker says that it leads."""
        said = [line for line in self._log.read_text().splitlines() if '"lead_' in line]
        return bool(said) and '"lead_taken"' in said[-1]

    def end(self) -> None:
        """End the worker, whatever its state."""
        self.process.kill()
        self.process.wait()


@contextmanager
def workers(environment: Mapping[str, str], folder: Path, count: int) -> Iterator[list[Worker]]:
    """Run *count* workers; the first of them leads."""
    started: list[Worker] = []
    try:
        for number in range(count):
            started.append(Worker(environment, folder / f"worker-{number}.log"))
            until(started[0].leads)
        yield started
    finally:
        for worker in started:
            worker.end()


def all_is_sent(environment: Mapping[str, str]) -> bool:
    """Return whether the outbox is empty."""
    command = [sys.executable, "-c", WAITING]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return answer.stdout.strip() == "0"


def count(around: Surroundings, title: str) -> None:
    """Print what arrived, and fail if a destination was notified twice of the same thing."""
    told: Counter[tuple[str, str, str]] = Counter()
    for each in around.received:
        mark = "異常" if "■ 異常" in each.text else "復旧"
        told.update((each.channel, mark, host) for host in around.hosts if f"{host}）" in each.text)
    print(f"{title}: {len(around.received)} messages tell {len(told)} facts")  # noqa: T201
    assert around.doubled() == {}
    assert len(told) == 4 * len(around.hosts)
    assert set(told.values()) == {1}


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGSTOP, id="frozen", marks=pytest.mark.slow),
    ],
)
def test_one_of_two_workers_notifies_and_the_other_takes_over(
    postgres: Mapping[str, str], tmp_path: Path, end: signal.Signals
) -> None:
    with surroundings(tmp_path, "web-1", "web-2", "web-3", "web-4") as around:
        environment = around.environment(postgres)
        with workers(environment, tmp_path, 2) as (first, second):
            around.breaks("web-1", "web-2")
            until(lambda: around.all_told("異常", "web-1", "web-2"))
            until(lambda: all_is_sent(environment))

            first.process.send_signal(end)
            around.breaks("web-3", "web-4")

            until(lambda: around.all_told("異常", "web-3", "web-4"))
            assert second.leads()
            first.process.send_signal(signal.SIGCONT)
            around.mends(*around.hosts)
            until(lambda: around.all_told("復旧", *around.hosts))
            until(lambda: all_is_sent(environment))

    count(around, f"two workers, one {end.name}")


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [9, 60], ids=["nine-seconds", "a-minute"])
def test_events_during_a_state_database_outage_are_announced_afterwards(
    postgres: Mapping[str, str], tmp_path: Path, seconds: float
) -> None:
    with surroundings(tmp_path, "web-1", "web-2") as around:
        environment = around.environment(postgres)
        with workers(environment, tmp_path, 1):
            around.answers_mail.clear()
            around.breaks("web-1")
            until(lambda: around.told("hook", "web-1", "異常"))

            with Server(postgres).away():
                # The mail about the first one was being sent, and is accepted while nobody can record it.
                around.answers_mail.set()
                around.breaks("web-2")
                time.sleep(seconds)

            until(lambda: around.all_told("異常", "web-1", "web-2"))
            around.mends("web-1", "web-2")
            until(lambda: around.all_told("復旧", "web-1", "web-2"))
            until(lambda: all_is_sent(environment))

    count(around, f"state database away for {seconds} s")


@pytest.mark.slow
def test_people_are_warned_that_nothing_is_announced_while_the_state_database_is_away(
    postgres: Mapping[str, str], tmp_path: Path
) -> None:
    with surroundings(tmp_path, "web-1", "web-2") as around:
        environment = around.environment(postgres)
        with workers(environment, tmp_path, 1):
            around.breaks("web-1")
            until(lambda: around.told("hook", "web-1", "異常"))

            with Server(postgres).away():
                until(lambda: around.told("hook", "Toban", "■ 異常"))

            until(lambda: around.told("hook", "Toban", "● 復旧"))


@pytest.mark.slow
def test_a_slow_mail_server_delays_no_other_channel(sqlite: Mapping[str, str], tmp_path: Path) -> None:
    with (
        surroundings(tmp_path, "web-1", "web-2") as around,
        workers(around.environment(sqlite), tmp_path, 1),
    ):
        around.answers_mail.clear()
        around.breaks("web-1")
        until(lambda: around.told("hook", "web-1", "異常"))
        around.breaks("web-2")
        until(lambda: around.told("hook", "web-2", "異常"))
        by_mail_meanwhile = [each for each in around.received if each.channel == "mail"]

        around.answers_mail.set()

        until(lambda: around.all_told("異常", *around.hosts))
    assert by_mail_meanwhile == []
