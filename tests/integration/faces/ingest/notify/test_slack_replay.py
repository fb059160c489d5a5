"""Requests of Slack that somebody has recorded and sends again, to two servers with one state database."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode

import httpx
import pytest
from tests import asking
from tests.integration.faces.ingest.notify.test_slack import SIGNING, button, signed_headers, taken_by
from tests.integration.faces.ingest.notify.test_slack_orders import BINDINGS, LEVELS, command, incidents
from tests.integration.faces.ingest.served import CPU, DOCUMENT, Served, serving

pytestmark = pytest.mark.slow

NOTES = 6


@dataclass(frozen=True)
class Recorded:
    """A request as it was on the wire."""

    path: str
    body: bytes
    headers: dict[str, str]

    def send(self, served: Served) -> httpx.Response:
        url = f"{served.url}{self.path}"
        return asking.post(url, content=self.body, headers=self.headers, timeout=60)


def commanded(text: str, member: str = "U0REN") -> Recorded:
    body = command(text, member)
    return Recorded("/slack/commands", body, signed_headers(body))


def pressed(payload: dict[str, object]) -> Recorded:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return Recorded("/slack/actions", body, signed_headers(body))


@pytest.fixture(params=["sqlite", "postgres"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    state = request.getfixturevalue(request.param)
    own = {name: value for name, value in state.items() if name in {"TOBAN_STATE_URL", "PGHOST"}}
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
        for name, secret in (("slack-token", "xoxb-x"), ("slack-signing", SIGNING)):
            (home / name).write_text(secret)
            (home / name).chmod(0o600)
    document = DOCUMENT + LEVELS
    with (
        serving(homes[0], document, BINDINGS, state=own) as one,
        serving(homes[1], document, BINDINGS, state=own) as two,
    ):
        for name, role in (("ren", "developer"), ("nami", "manager")):
            one.act("session", name, role)
        yield one, two


def notes(served: Served) -> list[str]:
    return [said for said, by in served.act("timeline", "1") if by == "ren"]


def test_a_recorded_request_orders_nothing_again(servers: tuple[Served, Served]) -> None:
    one, two = servers
    assert "宣言しました" in commanded("incident 注文できない").send(one).json()["text"]
    note = commanded("note 1 再起動した")
    low = commanded("level 1 Low")

    first = [each.send(one) for each in (note, low)]
    assert commanded("level 1 High 全員に影響", "U0NAMI").send(one).json()["text"].endswith("is High")
    again = [each.send(served) for served in (two, one) for each in (note, low)]

    assert [each.json()["response_type"] for each in first] == ["ephemeral"] * 2
    assert [(each.status_code, each.text) for each in again] == [(200, "")] * 4
    assert notes(one).count("再起動した") == 1
    assert incidents(one)[0]["level"] == "High"


def test_of_the_same_request_many_times_at_once_one_is_carried_out(servers: tuple[Served, Served]) -> None:
    assert "宣言しました" in commanded("incident 注文できない").send(servers[0]).json()["text"]
    recorded = [commanded(f"note 1 メモ{number}") for number in range(NOTES)]
    everywhere = [(each, served) for each in recorded for served in servers for _ in range(2)]
    ready = Barrier(len(everywhere))

    def send(request: Recorded, served: Served) -> httpx.Response:
        ready.wait()
        return request.send(served)

    with ThreadPoolExecutor(len(everywhere)) as pool:
        replies = list(pool.map(lambda each: send(*each), everywhere))

    assert {each.status_code for each in replies} == {200}
    assert sorted(notes(servers[0])) == sorted(f"メモ{number}" for number in range(NOTES))


def test_a_recorded_press_does_not_acknowledge_what_was_released(servers: tuple[Served, Served]) -> None:
    one, two = servers
    announcement = one.act("tell", CPU)
    press = pressed({**button(announcement), "trigger_id": "1"})

    assert press.send(one).status_code == 200
    assert taken_by(one) == ["slack:nami"]
    one.act("release")
    assert [press.send(served).status_code for served in servers] == [200, 200]

    assert taken_by(one) == [""]
    assert pressed({**button(announcement), "trigger_id": "2"}).send(two).status_code == 200
    assert taken_by(one) == ["slack:nami"]
