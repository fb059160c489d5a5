"""Alerts posted like Prometheus posts them, with a real server."""

import base64
import json
from collections.abc import Iterator

import httpx
import pytest
from tests import asking
from tests.forking import run
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

pytestmark = pytest.mark.slow

TOKEN = "prometheus-token"
MATRIX = """### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
"""
BINDINGS = """
[senders.prometheus]
token = "file:token"
may = ["alerts"]

[senders.shop]
token = "file:other"
may = ["logs"]
"""
ALERT = [{"labels": {"alertname": "HighLatency", "instance": "api-1"}, "annotations": {"summary": "遅い"}}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("alerted")
    for name, secret in (("token", TOKEN), ("other", "logs-only")):
        (home / name).write_text(secret)
        (home / name).chmod(0o600)
    with serving(home, DOCUMENT + MATRIX, BINDINGS) as running:
        yield running


def post(served: Served, body: object, authorization: str) -> httpx.Response:
    headers = {"authorization": authorization}
    return asking.post(f"{served.url}/api/v2/alerts", json=body, headers=headers)


def test_an_alert_sent_by_prometheus_is_accepted(served: Served) -> None:
    assert post(served, ALERT, f"Bearer {TOKEN}").status_code == 200

    done = run(["-m", "toban", "alerts", "--format", "json"], env=served.environment, check=True)
    (found,) = json.loads(done.stdout)
    assert (found["subject"]["text"], found["value"]["text"]) == ("api-1 HighLatency", "遅い")


def test_the_token_may_be_a_password(served: Served) -> None:
    written = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()

    assert post(served, [], f"Basic {written}").status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Bearer logs-only", "Basic !", "Basic eA=="])
def test_unauthenticated_senders_and_tokens_for_other_signals_are_refused(
    served: Served, authorization: str
) -> None:
    assert post(served, ALERT, authorization).status_code == 401


def test_an_invalid_alert_is_refused_with_its_position(served: Served) -> None:
    refused = post(served, [{"labels": {}}], f"Bearer {TOKEN}")

    assert (refused.status_code, refused.json()) == (400, "alert 0: no labels")
