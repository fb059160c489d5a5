"""Orders from Slack as Slack sends them, to a real server; the answers go to a receiver on loopback."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from tests import asking
from tests.forking import run
from tests.integration.engine.notify.channels.conftest import HttpReceiver
from tests.integration.faces.ingest.notify.test_slack import SIGNING, signed_headers
from tests.integration.faces.ingest.served import CPU, DOCUMENT, Served, serving

pytestmark = pytest.mark.slow

LEVELS = """## 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| High | 主要機能停止 | 1時間以内対応 |
| Low | 軽微な不具合 | 1営業日以内対応 |
"""
BINDINGS = """
[people."開発担当者"]
account = "ren"
slack = "U0REN"
[people."運用責任者"]
account = "nami"
slack = "U0NAMI"
language = "en"
[people."閲覧"]
account = "miru"
slack = "U0MIRU"
[channels.ops]
kind = "slack_app"
token = "file:slack-token"
signing_secret = "file:slack-signing"
channel = "#ops"
"""


@pytest.fixture(scope="module")
def slack() -> Iterator[HttpReceiver]:
    server = HttpReceiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, slack: HttpReceiver) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("ordered")
    for name, secret in (("slack-token", "xoxb-x"), ("slack-signing", SIGNING)):
        (home / name).write_text(secret)
        (home / name).chmod(0o600)
    relay = f'url = "{slack.url}/api/chat.postMessage"\n'
    with serving(home, DOCUMENT + LEVELS, BINDINGS + relay) as running:
        for name, role in (("ren", "developer"), ("nami", "manager"), ("miru", "viewer")):
            running.act("session", name, role)
        yield running


def send(served: Served, path: str, body: bytes, *, secret: str = SIGNING, age: int = 0) -> httpx.Response:
    headers = signed_headers(body, secret=secret, at=str(int(time.time()) - age))
    return asking.post(f"{served.url}{path}", content=body, headers=headers)


def command(text: str, member: str = "U0REN", **more: str) -> bytes:
    # Each real request has a trigger of its own.
    fields = {"command": "/toban", "user_id": member, "text": text, "trigger_id": uuid4().hex, **more}
    return urlencode(fields).encode()


def said(served: Served, text: str, member: str = "U0REN") -> str:
    """Return what a command is answered."""
    reply = send(served, "/slack/commands", command(text, member))
    assert reply.status_code == 200
    assert reply.json()["response_type"] == "ephemeral"
    return str(reply.json()["text"])


def act(served: Served, slack: HttpReceiver, payload: Mapping[str, object]) -> str:
    """Return what a button or a shortcut is answered."""
    path = f"/actions/{uuid4().hex}"
    body = urlencode({"payload": json.dumps({**payload, "response_url": f"{slack.url}{path}"})}).encode()
    assert send(served, "/slack/actions", body).status_code == 200
    return answered(slack, path)


def answered(slack: HttpReceiver, path: str) -> str:
    for _ in range(200):
        for asked in list(slack.asked):
            if asked.path == path:
                assert "authorization" not in asked.headers
                return str(json.loads(asked.body)["text"])
        time.sleep(0.05)
    raise AssertionError("nothing was answered")


def button(act: str, words: str, member: str = "U0REN") -> dict[str, object]:
    actions = [{"action_id": f"toban/{act}", "value": words}]
    return {"type": "block_actions", "user": {"id": member}, "actions": actions}


def shortcut(text: str, ts: str) -> dict[str, object]:
    return {
        "type": "message_action",
        "callback_id": "toban/note",
        "user": {"id": "U0REN"},
        "channel": {"id": "C0PS"},
        "message": {"text": text, "user": "U0REN", "ts": ts},
    }


def incidents(served: Served) -> list[dict[str, Any]]:
    arguments = ["-m", "toban", "incident", "list", "--all", "--format", "json"]
    found: list[dict[str, Any]] = json.loads(run(arguments, env=served.environment, check=True).stdout)
    return found


def newest(served: Served) -> int:
    return max(int(each["incident"]) for each in incidents(served))


def test_a_command_declares_and_buttons_answer_it(served: Served, slack: HttpReceiver) -> None:
    answer = said(served, "incident 注文 &lt;できない&gt;")
    number = newest(served)
    assert answer == f"障害 {number} を宣言しました (障害レベル: Low)。{served.url}/incidents/{number}"

    taken = act(served, slack, button("take", str(number)))
    again = act(served, slack, button("take", str(number), "U0NAMI"))
    level = act(served, slack, button("level", f"{number} Low", "U0NAMI"))

    assert taken.startswith(f"あなたが障害 {number} の指揮を執ります")
    assert again.startswith(f"ren leads incident {number} already")
    assert level == f"The severity of incident {number} is Low"
    (found,) = [each for each in incidents(served) if each["incident"] == number]
    assert (found["title"]["text"], found["commander"]) == ("注文 <できない>", "ren")


def test_an_alert_becomes_an_incident_by_its_button(served: Served, slack: HttpReceiver) -> None:
    announcement = served.act("tell", CPU, "Web")

    answer = act(served, slack, button("declare", str(announcement)))
    again = act(served, slack, button("declare", str(announcement)))

    number = newest(served)
    assert answer.startswith(f"障害 {number} を宣言しました")
    assert again.endswith(f"すでに障害 {number} に含まれています")


def test_lines_come_by_command_and_by_shortcut_once(served: Served, slack: HttpReceiver) -> None:
    said(served, "incident タイムラインの試験")
    number, ts = newest(served), f"{int(time.time()) - 5}.000100"

    said(served, f"note {number} 再起動した")
    for each in incidents(served):
        if each["incident"] != number and each["merged_into"] is None:
            merge = [
                "-m",
                "toban",
                "incident",
                "merge",
                each["incident"],
                "--into",
                number,
                "--as",
                "nami",
                "--yes",
            ]
            run([str(word) for word in merge], env=served.environment, check=True)
    act(served, slack, shortcut("DB を見ています", ts))
    act(served, slack, shortcut("DB を見ています", ts))

    notes = [line for line in served.act("timeline", str(number)) if line[1] == "ren"]
    assert notes == [["再起動した", "ren"], ["DB を見ています", "ren"]]


def test_a_request_that_is_sent_again_changes_nothing(served: Served) -> None:
    body = command("incident 二度届く")
    headers = signed_headers(body)
    url, before = f"{served.url}/slack/commands", len(incidents(served))

    replies = [asking.post(url, content=body, headers=headers) for _ in range(3)]

    assert [each.status_code for each in replies] == [200] * 3
    assert len(incidents(served)) == before + 1


def test_two_who_declare_the_same_at_once_declare_one(served: Served) -> None:
    before = len(incidents(served))

    with ThreadPoolExecutor(8) as pool:
        members = ["U0REN", "U0NAMI"] * 4
        heard = list(pool.map(lambda member: said(served, "incident 同時に気づく", member), members))

    assert len(incidents(served)) == before + 1
    assert sum("宣言しました (" in each or "is declared (" in each for each in heard) == 1


@pytest.mark.parametrize("path", ["/slack/commands", "/slack/actions"])
def test_what_slack_has_not_signed_lately_is_refused(served: Served, path: str) -> None:
    body, before = command("incident 偽物"), len(incidents(served))

    assert send(served, path, body, secret="another").status_code == 401
    assert send(served, path, body, age=301).status_code == 401
    assert send(served, path, body, age=-301).status_code == 401
    altered = asking.post(f"{served.url}{path}", content=body + b"x", headers=signed_headers(body))
    assert altered.status_code == 401
    assert asking.post(f"{served.url}{path}", content=b"x" * 600_000).status_code == 413
    assert len(incidents(served)) == before


def test_members_without_an_account_or_a_right_are_told_why(served: Served, slack: HttpReceiver) -> None:
    before = [(each["incident"], each["commander"]) for each in incidents(served)]

    assert "U0NOBODY に結び付いた Toban のアカウントがありません" in said(served, "incident x", "U0NOBODY")
    assert said(served, "incident x", "U0MIRU").startswith("miru は閲覧者なので")
    assert act(served, slack, button("take", "1", "U0MIRU")).startswith("miru は閲覧者なので")
    assert "メンバー U0NOBODY" in act(served, slack, button("take", "1", "U0NOBODY"))
    assert [(each["incident"], each["commander"]) for each in incidents(served)] == before


def test_what_is_no_command_is_refused_and_what_is_unknown_explained(served: Served) -> None:
    assert send(served, "/slack/commands", urlencode({"text": "x"}).encode()).status_code == 400
    assert "&lt;b&gt;" in said(served, "&lt;b&gt;")
    assert len(said(served, "help").splitlines()) == 4


def test_an_answer_that_takes_longer_than_slack_waits_follows(served: Served, slack: HttpReceiver) -> None:
    path = f"/commands/{uuid4().hex}"
    body = command("incident 時間がかかる", response_url=f"{slack.url}{path}")

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(served.act, "hold", "4")
        time.sleep(0.5)
        began = time.monotonic()
        reply = send(served, "/slack/commands", body)
        took = time.monotonic() - began
        holding.result()

    assert reply.json()["text"].startswith("受け付けました")
    assert took < 3
    assert "を宣言しました" in answered(slack, path)


def test_nothing_is_posted_to_another_host(served: Served, slack: HttpReceiver) -> None:
    elsewhere = HttpReceiver()
    before = len(slack.asked)
    try:
        body = urlencode(
            {"payload": json.dumps({**button("take", "1"), "response_url": f"{elsewhere.url}/x"})}
        )
        thread = threading.Thread(target=elsewhere.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        assert send(served, "/slack/actions", body.encode()).status_code == 200
        # Whatever is ordered afterwards has been answered: so would this have been.
        act(served, slack, button("take", "1"))
        time.sleep(0.5)
        assert (elsewhere.asked, len(slack.asked)) == ([], before + 1)
    finally:
        elsewhere.shutdown()
        elsewhere.server_close()
        thread.join()
