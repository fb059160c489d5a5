"""A host's readings wait on its disk until Toban itself has acknowledged them."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.engine.clock import Clock
from toban.faces.agent.client import ANOTHER
from toban.faces.agent.readings import Agent, Spool

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
NOT_AT_ALL = timedelta()
SOON = timedelta(seconds=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Host:
    """A host that is always half busy."""

    instance = "web-1"

    def measure(self, now: datetime) -> list[Measurement]:
        return [Measurement(Metric.CPU_USAGE, "web-1", now, 50.0)]

    def close(self) -> None:
        """Do nothing: nothing is open."""


def told(spool: Spool, answer: httpx.Response) -> str:
    client = httpx.Client(base_url="http://toban", transport=httpx.MockTransport(lambda _: answer))
    agent = Agent(Host(), spool, client, "web-1", lambda: NOON + timedelta(seconds=len(spool)))
    agent.look()
    return str(agent.send())


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", most=3)


def test_acknowledged_readings_are_removed_from_the_spool(spool: Spool) -> None:
    assert told(spool, httpx.Response(204)) == ""
    assert len(spool) == 0


def test_readings_that_toban_refuses_delay_no_others(spool: Spool) -> None:
    assert told(spool, httpx.Response(400, text="readings 0: at is no time")).startswith("Toban が 400")
    assert len(spool) == 0


@pytest.mark.parametrize("status", [200, 400, 413])
def test_a_proxy_page_is_not_an_acknowledgement(spool: Spool, status: int) -> None:
    said = told(spool, httpx.Response(status, html="<html>plain HTTP was sent to a port of HTTPS</html>"))

    assert said == str(ANOTHER)
    assert len(spool) == 1


def test_a_full_spool_keeps_the_newest_readings(spool: Spool) -> None:
    for _ in range(5):
        assert "503" in told(spool, httpx.Response(503))

    assert len(spool) == 3


class Toban:
    """Accepts readings like the endpoint: none ahead of its clock, and none older than a year."""

    def __init__(self) -> None:
        self.now = NOON
        self.status = 204
        self.taken: list[datetime] = []

    def take(self, request: httpx.Request) -> httpx.Response:
        told = {"date": format_datetime(self.now, usegmt=True)}
        times = [datetime.fromisoformat(each["at"]) for each in json.loads(request.content)["readings"]]
        if self.status != 204:
            return httpx.Response(self.status, headers=told)
        if any(not timedelta(-366) <= at - self.now <= timedelta(minutes=5) for at in times):
            return httpx.Response(409, headers=told)
        self.taken += times
        return httpx.Response(204, headers=told)


def agent_of(toban: Toban, spool: Spool, clock: Clock) -> Agent:
    client = httpx.Client(base_url="http://toban", transport=httpx.MockTransport(toban.take))
    return Agent(Host(), spool, client, "web-1", clock)


@pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(days=400), timedelta(days=-20_000)], ids=str)
def test_readings_spooled_under_a_wrong_clock_get_their_true_time(tmp_path: Path, off: timedelta) -> None:
    toban, spool = Toban(), Spool(tmp_path, most=300)
    agent = agent_of(toban, spool, lambda: toban.now + off)
    toban.status = 503
    for _ in range(250):
        agent.look()
        toban.now += SOON
    assert "503" in str(agent.send())
    toban.status = 204

    # A restarted agent does not know about it yet.
    agent = agent_of(toban, spool, lambda: toban.now + off)
    agent.look()
    assert str(agent.send()) == ""
    toban.now += SOON
    agent.look()
    assert str(agent.send()) == ""

    assert toban.taken == [NOON + number * SOON for number in range(252)]


def test_a_clock_slightly_behind_is_corrected_from_the_first_answer(spool: Spool) -> None:
    toban = Toban()
    agent = agent_of(toban, spool, lambda: toban.now - HOUR)
    for _ in range(2):
        agent.look()
        assert str(agent.send()) == ""

    assert toban.taken == [NOON - HOUR, NOON]


def test_after_a_clock_change_correct_readings_stay_and_those_without_a_time_are_dropped(
    spool: Spool,
) -> None:
    toban = Toban()
    toban.status = 503
    off = [NOT_AT_ALL]
    agent = agent_of(toban, spool, lambda: toban.now + off[0])
    for off[0] in (NOT_AT_ALL, 20 * 365 * DAY, NOT_AT_ALL):
        agent.look()
        toban.now += SOON
    toban.status = 204

    assert str(agent.send()) == ""
    assert toban.taken == [NOON, NOON + timedelta(seconds=30)]
    assert len(spool) == 0


def test_readings_stamped_with_the_servers_time_stay_unchanged_when_the_clock_is_set(spool: Spool) -> None:
    toban = Toban()
    off = [HOUR]
    agent = agent_of(toban, spool, lambda: toban.now + off[0])
    agent.look()
    toban.status = 503
    agent.send()
    toban.now += SOON
    agent.look()
    toban.now += 2 * HOUR
    off[0] = NOT_AT_ALL
    toban.status = 204
    agent.look()

    assert str(agent.send()) == ""
    assert sorted(toban.taken)[:2] == [NOON, NOON + SOON]


def test_readings_wait_after_the_server_rejects_their_time_twice(
    spool: Spool,
) -> None:
    answers = []

    def refuse(request: httpx.Request) -> httpx.Response:
        answers.append(request)
        return httpx.Response(409, text="amiss", headers={"date": format_datetime(NOON, usegmt=True)})

    client = httpx.Client(base_url="http://toban", transport=httpx.MockTransport(refuse))
    agent = Agent(Host(), spool, client, "web-1", lambda: NOON)
    agent.look()

    assert str(agent.send()) == "Toban が 409 を返しました: amiss"
    assert (len(answers), len(spool)) == (2, 1)


@pytest.mark.parametrize("most", [1, 7, 200])
def test_readings_that_are_too_large_at_once_are_split(tmp_path: Path, most: int) -> None:
    spool, taken = Spool(tmp_path, most=300), list[int]()

    def take(request: httpx.Request) -> httpx.Response:
        count = len(json.loads(request.content)["readings"])
        if count > most:
            return httpx.Response(413, text="more than 20000 values in one report")
        taken.append(count)
        return httpx.Response(204)

    client = httpx.Client(base_url="http://toban", transport=httpx.MockTransport(take))
    agent = Agent(Host(), spool, client, "web-1", lambda: NOON + timedelta(seconds=len(spool)))
    for _ in range(250):
        agent.look()

    assert str(agent.send()) == ""
    assert (sum(taken), len(spool)) == (250, 0)


def test_a_single_reading_that_is_too_large_delays_no_others(spool: Spool) -> None:
    assert told(spool, httpx.Response(413, text="too large")).startswith("Toban が 413")
    assert len(spool) == 0
