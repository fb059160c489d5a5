"""A host's readings wait on its disk until Toban has acknowledged them, and for nobody else's answer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.faces.agent.client import ANOTHER
from toban.faces.agent.readings import Agent, Spool

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Host:
    """A host that is always half busy."""

    instance = "web-1"

    def measure(self, now: datetime) -> list[Measurement]:
        return [Measurement(Metric.CPU_USAGE, "web-1", now, 50.0)]

    def close(self) -> None:
        """Nothing is open."""


def told(spool: Spool, answer: httpx.Response) -> str:
    client = httpx.Client(base_url="http://toban", transport=httpx.MockTransport(lambda _: answer))
    agent = Agent(Host(), spool, client, "web-1")
    agent.look(NOON + timedelta(seconds=len(spool)))
    return agent.send()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", most=3)


def test_what_is_acknowledged_is_let_go_of(spool: Spool) -> None:
    assert told(spool, httpx.Response(204)) == ""
    assert len(spool) == 0


def test_what_toban_refuses_holds_up_no_other(spool: Spool) -> None:
    assert told(spool, httpx.Response(400, text="readings 0: at is no time")).startswith("Toban が 400")
    assert len(spool) == 0


@pytest.mark.parametrize("status", [200, 400])
def test_what_a_proxy_says_is_no_answer(spool: Spool, status: int) -> None:
    said = told(spool, httpx.Response(status, html="<html>plain HTTP was sent to a port of HTTPS</html>"))

    assert said == ANOTHER
    assert len(spool) == 1


def test_while_nothing_is_taken_the_newest_stay(spool: Spool) -> None:
    for _ in range(5):
        assert "503" in told(spool, httpx.Response(503))

    assert len(spool) == 3
