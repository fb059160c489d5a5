"""A task signed off by a button of Slack, as Slack sends it, at a real server."""

import json
from collections.abc import Iterator

import pytest
from tests.forking import run
from tests.integration.engine.notify.channels.conftest import HttpReceiver
from tests.integration.faces.ingest.notify.test_slack import SIGNING
from tests.integration.faces.ingest.notify.test_slack_orders import (
    BINDINGS,
    act,
    button,
    command,
    send,
    slack,
)
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

__all__ = ("slack",)

pytestmark = pytest.mark.slow

ROUTINE = """## 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| 入館記録の確認 | 毎日 0:00 | 開発担当者 | 記録を見る |
"""


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory, slack: HttpReceiver) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("signed")
    for name, secret in (("slack-token", "xoxb-x"), ("slack-signing", SIGNING)):
        (home / name).write_text(secret)
        (home / name).chmod(0o600)
    relay = f'url = "{slack.url}/api/chat.postMessage"\n'
    with serving(home, DOCUMENT + ROUTINE, BINDINGS + relay) as running:
        for name, role in (("ren", "developer"), ("nami", "manager"), ("miru", "viewer")):
            running.act("session", name, role)
        yield running


def waiting(served: Served) -> list[str]:
    arguments = ["-m", "toban", "tasks", "list", "--format", "json"]
    found = json.loads(run(arguments, env=served.environment, check=True).stdout)
    return [each["name"] for each in found]


def test_a_button_signs_off_what_was_shown_for_whoever_may(served: Served, slack: HttpReceiver) -> None:
    ((number, shown),) = served.act("tasks")
    words = f"{number} {shown}"

    assert "/tasks/" in act(served, slack, button("sign-off", words, "U0NAMI"))
    assert act(served, slack, button("sign-off", words, "U0MIRU")).startswith("miru は閲覧者なので")
    assert "/tasks/" in act(served, slack, button("sign-off", f"{number} {'0' * 64}"))
    assert send(served, "/slack/commands", command(f"sign-off {words}"), secret="x").status_code == 401
    assert waiting(served) == ["入館記録の確認"]

    assert act(served, slack, button("sign-off", words)) == "開発担当者 が実施"

    assert waiting(served) == []
    assert "すでに終わっています" in act(served, slack, button("sign-off", words))
