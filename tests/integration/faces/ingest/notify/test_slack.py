"""The button under an alert, pressed like Slack reports it, with a real server."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from tests import asking
from tests.forking import run
from tests.integration.faces.ingest.served import CPU, Served, serving

SIGNING = "a-signing-secret-of-this-test"
BINDINGS = """
[channels.ops]
kind = "slack_app"
token = "file:slack-token"
signing_secret = "file:slack-signing"
channel = "#ops"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("pressed")
    for name, secret in (("slack-token", "xoxb-x"), ("slack-signing", SIGNING)):
        (home / name).write_text(secret)
        (home / name).chmod(0o600)
    with serving(home, bindings=BINDINGS) as running:
        yield running


def signed_headers(body: bytes, *, secret: str = SIGNING, at: str = "") -> dict[str, str]:
    """Return the headers with which Slack sends *body*."""
    at = at or str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-slack-request-timestamp": at,
        "x-slack-signature": f"v0={digest}",
        "content-type": "application/x-www-form-urlencoded",
    }


def press(
    served: Served, payload: object, *, secret: str = SIGNING, age: int = 0, at: str = ""
) -> httpx.Response:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = signed_headers(body, secret=secret, at=at or str(int(time.time()) - age))
    return asking.post(f"{served.url}/slack/actions", content=body, headers=headers)


def button(announcement: object, action: str = "toban-take") -> dict[str, object]:
    return {
        "type": "block_actions",
        "user": {"id": "U1", "username": "nami"},
        "actions": [{"action_id": action, "value": str(announcement)}],
    }


def taken_by(served: Served) -> list[str]:
    done = run(["-m", "toban", "alerts", "--format", "json"], env=served.environment, check=True)
    return [alert["acknowledged_by"] for alert in json.loads(done.stdout)]


def test_pressing_the_button_acknowledges_the_alert(served: Served) -> None:
    announcement = served.act("tell", CPU)

    assert press(served, button(announcement), secret="another").status_code == 401
    assert press(served, button(announcement), age=301).status_code == 401
    assert taken_by(served) == [""]

    assert press(served, button(announcement)).status_code == 200
    assert taken_by(served) == ["slack:nami"]
    # Pressed again, or by somebody else: there is nothing left to acknowledge, and no error.
    assert press(served, button(announcement)).status_code == 200


def test_another_workspace_acknowledges_nothing(tmp_path: Path) -> None:
    for name, secret in (("slack-token", "xoxb-x"), ("slack-signing", SIGNING)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    with serving(tmp_path, bindings=f'{BINDINGS}team = "T012AB"\n') as served:
        announcement = served.act("tell", CPU)
        own = {"team": {"id": "T012AB"}, "user": {"id": "U1", "username": "nami", "team_id": "T012AB"}}
        guest = {**own, "user": {**own["user"], "team_id": "T9"}}

        assert press(served, {**button(announcement), **guest}).status_code == 403
        assert press(served, button(announcement)).status_code == 403
        assert taken_by(served) == [""]

        assert press(served, {**button(announcement), **own}).status_code == 200
        assert taken_by(served) == ["slack:nami"]


@pytest.mark.parametrize(
    "payload", [{}, [], button("x"), button(1, "other"), button("9" * 30), {"actions": [], "user": None}]
)
def test_other_interactions_than_the_button_change_nothing(served: Served, payload: object) -> None:
    assert press(served, payload).status_code == 200


@pytest.mark.parametrize("at", ["9" * 310, "9" * 13, "-1", "1e9"])
def test_a_timestamp_that_is_none_is_refused(served: Served, at: str) -> None:
    assert press(served, button(1), at=at).status_code == 401


def test_an_endless_body_is_cut_off(served: Served) -> None:
    reply = asking.post(f"{served.url}/slack/actions", content=b"x" * 600_000)

    assert reply.status_code == 413
