"""A vendor's refusals, throttling and partial answers appear on the row and in a notice of missing data."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.chapters.monitoring.test_service import Stage, cpu, design, status
from tests.integration.conftest import Handler, HttpServer
from tests.registered import PARTS, schema

from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.engine.bindings.load import read_bindings
from toban.engine.notify.models import Alert
from toban.engine.registry.kinds import Kinds

pytestmark = pytest.mark.django_db(transaction=True)

DATADOG = 'kind = "datadog", host = "web-1", api_key = "env:KEY", application_key = "env:KEY"'
NEWRELIC = 'kind = "newrelic", host = "web-1", account = 1, api_key = "env:KEY"'
CLOUDWATCH = (
    'kind = "cloudwatch", ec2 = "i-00000001", instance = "web-1", region = "ap-northeast-1",'
    ' access_key = "env:KEY", secret_key = "env:KEY"'
)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("KEY", "hunter2")
    stage = Stage(now=datetime.now(UTC))
    stage.kinds = dict(
        Kinds(
            {
                "sources": {
                    name: PARTS.kinds.modules["sources"][name]
                    for name in ("cloudwatch", "datadog", "newrelic")
                }
            }
        ).of(SOURCE_KINDS)
    )
    stage.restart()
    yield stage
    stage.board.close()


def forbidden(handler: Handler) -> None:
    handler.reply(403, b'{"errors": ["Forbidden"]}')


def throttled(handler: Handler) -> None:
    handler.reply(429, b"", **{"X-RateLimit-Reset": "60"})


def denied(handler: Handler) -> None:
    error = {"message": "Access denied", "extensions": {"errorClass": "ACCESS_DENIED"}}
    handler.reply(200, json.dumps({"data": None, "errors": [error]}).encode())


def wrong_keys(handler: Handler) -> None:
    handler.reply(403, b'{"__type": "UnrecognizedClientException", "message": "invalid token"}')


def slow_down(handler: Handler) -> None:
    handler.reply(400, b'{"__type": "Throttling", "message": "Rate exceeded"}')


def in_part(handler: Handler) -> None:
    asked = json.loads(handler.body)["MetricDataQueries"]
    results = [{"Id": each["Id"], "StatusCode": "PartialData"} for each in asked]
    handler.reply(200, json.dumps({"MetricDataResults": results}).encode())


@pytest.mark.parametrize(
    ("source", "answer", "why"),
    [
        (DATADOG, forbidden, "web-1: Datadog が鍵を認めません"),
        (DATADOG, throttled, "web-1: Datadog が要求を絞っています（1分後まで尋ねません）"),
        (NEWRELIC, denied, "web-1: New Relic が鍵を認めません"),
        (NEWRELIC, throttled, "web-1: New Relic が要求を絞っています"),
        (CLOUDWATCH, wrong_keys, "web-1: 鍵か権限が正しくありません"),
        (CLOUDWATCH, slow_down, "web-1: AWS が要求を絞っています"),
        (CLOUDWATCH, in_part, "web-1: CloudWatch の値が揃っていません（CPUUtilization PartialData"),
    ],
)
def test_a_refused_request_makes_the_row_not_measurable_with_the_reason(
    stage: Stage, http_server: HttpServer, source: str, answer: Callable[[Handler], None], why: str
) -> None:
    http_server.answer = answer
    text = f'[targets.Web]\nsources = [{{ {source}, endpoint_url = "{http_server.url}" }}]\n'
    kinds = schema(sources={name: kind.config for name, kind in stage.kinds.items()})

    stage.adopt(design(cpu("Web")), read_bindings(text, Path("toban.toml"), kinds))
    stage.measure(rounds=12)

    assert status().verdict == "not-measurable"
    assert str(status().reason).startswith(f"測定できません: {why}")
    alert = Alert.objects.get()
    assert (alert.condition, str(alert.value)) == (
        "no-data",
        str(status().reason).removeprefix("測定できません: "),
    )
    assert "hunter2" not in str(alert.value)
