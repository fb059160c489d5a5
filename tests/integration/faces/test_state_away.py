"""A real PostgreSQL stops and comes back while a real server shows pages and a real worker runs."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, override

import httpx
import pytest
from tests import asking
from tests.forking import Python
from tests.integration.engine.servers import Server
from tests.integration.faces.ingest.served import Served
from tests.ports import free_port

PAGES = ("/", "/alerts/", "/runs/", "/calendar/", "/accounts/login/", "/status/", "/calendar.ics")
SECRET = "s3cret-of-the-database"


@dataclass
class Watched(Served):
    """A server whose log is read."""

    log: Path = field(init=False)

    @override
    def launch(self) -> None:
        self.run("serve", "--port", str(self.port))
        until(lambda: answers(self.url))

    def run(self, *words: str) -> None:
        self.log = self.home / "log.txt"
        with self.log.open("a") as stream:
            self.process = Python(["-m", "toban", *words], env=self.environment, stdout=stream, stderr=stream)

    def said(self, what: str) -> int:
        return self.log.read_text().count(what)


def until(question: Callable[[], object]) -> None:
    for _ in range(600):
        if question():
            return
        time.sleep(0.1)
    pytest.fail("not within a minute")


def answers(url: str) -> bool:
    try:
        asking.get(f"{url}/healthz", timeout=20)
    except httpx.TransportError:
        return False
    return True


@contextmanager
def watched(home: Path, state: dict[str, str]) -> Iterator[Watched]:
    there = {
        name: value for name, value in state.items() if name in ("PGHOST", "PGPASSWORD", "TOBAN_STATE_URL")
    }
    home.mkdir()
    served = Watched(home, free_port(), state=there)
    served.prepare()
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture
def state(postgres: dict[str, str]) -> dict[str, str]:
    """A state whose address holds a password, which nothing may repeat."""
    return {**postgres, "TOBAN_STATE_URL": f"postgresql://postgres:{SECRET}@/postgres"}


def statuses(client: httpx.Client) -> list[int]:
    return [client.get(page).status_code for page in PAGES]


def test_every_page_says_that_the_state_is_away_and_comes_back_with_it(
    state: dict[str, str], tmp_path: Path
) -> None:
    with watched(tmp_path / "home", state) as served:
        served.session = served.act("session")
        served.launch()
        with served.client() as client:
            usual = statuses(client)
            assert "監視項目" in client.get("/").text
            style = client.get("/").text.split('rel="stylesheet" href="')[1].split('"')[0]

            with Server(state).away():
                until(lambda: client.get("/healthz").status_code == 503)
                found = [client.get(page) for page in PAGES]
                posted = client.post("/i18n/setlang/", data={"language": "en"})
                english = client.get("/alerts/", headers={"Accept-Language": "en"})
                of_api = client.get("/rest/v1/status", headers={"Authorization": "Bearer x"})
                live, health = client.get("/live"), client.get("/healthz")
                styled = client.get(style)

            until(lambda: client.get("/healthz").status_code == 200)
            assert statuses(client) == usual

    for answer in (*found, posted, english):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not leaked(answer.text)
    assert "状態データベースが応答しません" in found[0].text
    assert '<a href="/alerts/">もう一度開く</a>' in found[1].text
    assert "もう一度開く" not in posted.text
    assert "The state database does not answer" in english.text
    assert (of_api.status_code, of_api.headers["Retry-After"]) == (503, "5")
    assert of_api.json()["type"] == "urn:toban:problem:store-away"
    for answer in (live, health):
        assert (answer.status_code, answer.text) == (503, "the state database does not answer")
    assert (styled.status_code, styled.headers["content-type"].split(";")[0]) == (200, "text/css")
    assert (served.said("state_unreachable"), served.said("state_reachable")) == (1, 1)
    assert not leaked(served.log.read_text())


def leaked(text: str) -> bool:
    return any(word in text for word in ("Traceback", SECRET, "psycopg"))


def test_a_server_that_starts_without_its_state_says_so_and_shows_pages_later(
    state: dict[str, str], tmp_path: Path
) -> None:
    with watched(tmp_path / "home", state) as served:
        served.session = served.act("session")
        with served.client() as client:
            with Server(state).away():
                served.launch()
                assert statuses(client) == [503] * len(PAGES)
            until(lambda: "監視項目" in client.get("/").text)

    assert not leaked(served.log.read_text())


def test_a_server_that_swallows_connections_is_away_within_seconds(
    sqlite: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It accepts, and never says a word: like a machine that hangs.
        address = f"postgresql://toban:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/toban"
        served = Watched(home, free_port(), state={"TOBAN_STATE_URL": address})
        served._write()
        try:
            served.run("serve", "--port", str(served.port))
            until(lambda: answers(served.url))
            began = time.monotonic()
            answer = asking.get(f"{served.url}/", timeout=30)
            took = time.monotonic() - began
        finally:
            served.stop()

    assert answer.status_code == 503
    # A connection takes five seconds to fail.
    assert took < 4
    assert not leaked(served.log.read_text())


def test_a_worker_says_once_that_the_state_is_away_and_goes_on_when_it_is_back(
    state: dict[str, str], tmp_path: Path
) -> None:
    with watched(tmp_path / "home", state) as served:
        served.run("worker")
        until(lambda: served.said("lead_taken"))
        until(lambda: served.said("edition_in_force"))
        with Server(state).away():
            time.sleep(10)
            assert served.process.poll() is None
        until(lambda: served.said("state_reachable"))
        served.design.write_text(served.document.replace("0-60%", "0-50%"), encoding="utf-8")
        until(lambda: served.said("edition_in_force") == 2)

    events: list[dict[str, Any]] = [json.loads(line) for line in served.log.read_text().splitlines()]
    away = [each for each in events if each["event"] == "state_unreachable"]
    assert len(away) == 1
    assert [each for each in events if each["event"] in ("step_failed", "heartbeat_missed")] == []
    assert not leaked(served.log.read_text())
