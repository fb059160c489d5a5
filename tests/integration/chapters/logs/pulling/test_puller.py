"""CloudWatch Logs, simulated by moto or with scripted refusals, fetched into a real store: each line once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.integration.conftest import Handler, HttpServer
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.moto import moto_server
from tests.registered import schema

from toban.chapters.logs.keeping.keeper import Keeper
from toban.chapters.logs.models import Pull
from toban.chapters.logs.pulling.puller import Puller, troubles
from toban.chapters.logs.rules import LogRules, rules
from toban.chapters.logs.sources.cloudwatch import KIND
from toban.chapters.logs.sources.cloudwatch.config import CloudWatchLogs, cost
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import KindBinding
from toban.engine.evidence.models import ClauseStatus
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.store import Telemetry
from toban.message import NOTHING

pytestmark = pytest.mark.django_db

REGION = "ap-northeast-1"
GROUPS = count()
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 処理 | CloudWatch Logs | 90日 |
| 監査ログ | 操作 | S3 | 1年 |
"""


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS", "AKIATOBANTEST")
    monkeypatch.setenv("AWS_SECRET", "a-secret-of-the-tests")


class Group:
    """A separate log group that is fetched when the test says so."""

    def __init__(self, url: str, telemetry: Telemetry, **more: object) -> None:
        self.name = f"/ecs/shop-{next(GROUPS)}"
        self.telemetry = telemetry
        written = {
            "region": REGION,
            "endpoint_url": url,
            "access_key": "env:AWS_ACCESS",
            "secret_key": "env:AWS_SECRET",
            "group": self.name,
            "log": "アプリログ",
            "service": "shop",
            **more,
        }
        self.bound = KindBinding("cloudwatch", CloudWatchLogs.model_validate(written), 1)
        self.client: Any = boto3.client(
            "logs",
            region_name=REGION,
            endpoint_url=url,
            aws_access_key_id="AKIATOBANTEST",
            aws_secret_access_key="a-secret-of-the-tests",
        )

    def make(self, *streams: str) -> None:
        self.client.create_log_group(logGroupName=self.name)
        for stream in streams:
            self.client.create_log_stream(logGroupName=self.name, logStreamName=stream)

    def put(self, stream: str, *messages: str, back: timedelta = timedelta(seconds=5)) -> None:
        at = int((datetime.now(UTC) - back).timestamp() * 1000)
        events = [{"timestamp": at + number, "message": each} for number, each in enumerate(messages)]
        self.client.put_log_events(logGroupName=self.name, logStreamName=stream, logEvents=events)

    def pull(self) -> Pull:
        """Fetch what is available now."""
        Pull.objects.update(looked_at=None)
        puller = Puller(self.telemetry, lambda: datetime.now(UTC), lambda: None)
        puller.step({self.name: self.bound}, {"cloudwatch": KIND}, written())
        return Pull.objects.get(name=self.name)

    @property
    def stored(self) -> list[tuple[str, ...]]:
        sql = "SELECT kind, service, level, message FROM logs WHERE sender = {sender:String} ORDER BY message"
        return [tuple(row) for row in self.telemetry.ask(sql, {"sender": self.name})]


def written() -> LogRules:
    return rules(read_design(DOCUMENT, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


@pytest.fixture
def group(moto: str, store: StoreProcess) -> Group:
    return Group(moto, store.telemetry)


def test_the_lines_of_all_streams_are_stored_once_however_often_they_are_fetched(group: Group) -> None:
    group.make("web/1", "web/2")
    group.put("web/1", "INFO a", '{"message":"b","level":"ERROR"}')
    group.put("web/2", "c")

    group.pull()
    group.put("web/2", "d")
    pull = group.pull()
    group.pull()

    assert pull.trouble == NOTHING
    assert group.stored == [
        ("application", "shop", "INFO", "INFO a"),
        ("application", "shop", "ERROR", "b"),
        ("application", "shop", "INFO", "c"),
        ("application", "shop", "INFO", "d"),
    ]


def test_late_lines_are_found_and_lines_stored_before_a_kill_are_not_duplicated(
    group: Group,
) -> None:
    group.make("web/1")
    group.put("web/1", "a")
    group.pull()
    # As if killed after the store had the rows and before the position was saved.
    Pull.objects.update(through=None, pulled_at=None, looked_at=None)
    group.pull()
    group.put("web/1", "late", back=timedelta(minutes=3))
    group.pull()

    assert [message for *_, message in group.stored] == ["a", "late"]


def test_all_pages_of_an_answer_are_fetched(group: Group) -> None:
    group.make("web/1")
    for start in range(0, 25_000, 5_000):
        group.put("web/1", *(f"line {start + number}" for number in range(5_000)))

    group.pull()

    assert len({message for *_, message in group.stored}) == len(group.stored) == 25_000


def test_only_the_configured_streams_are_fetched(http_server: HttpServer, store: StoreProcess) -> None:
    http_server.answer = lambda handler: handler.reply(200, b'{"events": []}')
    group = Group(http_server.url, store.telemetry, stream_prefix="web/", pattern="ERROR", since="10分")

    assert group.pull().trouble == NOTHING

    (asked,) = (json.loads(each.body) for each in http_server.asked)
    assert asked.pop("endTime") - asked.pop("startTime") == 600_000 - 1
    assert asked == {
        "logGroupName": group.name,
        "logStreamNamePrefix": "web/",
        "filterPattern": "ERROR",
    }


def test_a_log_group_is_fetched_no_more_often_than_its_table_says(
    http_server: HttpServer, store: StoreProcess
) -> None:
    http_server.answer = lambda handler: handler.reply(200, b'{"events": []}')
    group = Group(http_server.url, store.telemetry, every="1分", since="10分")
    began = datetime.now(UTC)
    for seconds in (0, 30, 59, 60):
        puller = Puller(group.telemetry, lambda at=began + timedelta(seconds=seconds): at, lambda: None)  # type: ignore[misc]
        puller.step({group.name: group.bound}, {"cloudwatch": KIND}, written())

    assert len(http_server.asked) == 2


def test_a_missing_log_group_is_reported_on_the_rows_that_need_it(group: Group) -> None:
    pull = group.pull()

    assert str(pull.trouble) == f"CloudWatch Logs にロググループ {group.name} がありません"
    assert pull.trouble.in_language("en") == f"CloudWatch Logs has no log group {group.name}"
    found = troubles(written())
    assert {kind: str(each) for kind, each in found.items()} == {
        "application": f"{group.name}: {pull.trouble}"
    }

    group.make("web/1")
    group.put("web/1", "a")
    assert group.pull().trouble == NOTHING
    assert troubles(written()) == {}
    assert [message for *_, message in group.stored] == ["a"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "権限がありません FilterLogEvents: AccessDeniedException not you"),
        ("ThrottlingException", "AWS が要求を絞っています FilterLogEvents: ThrottlingException not you"),
    ],
)
def test_a_refusal_is_reported_without_secrets_and_the_position_stays(
    http_server: HttpServer, store: StoreProcess, code: str, said: str
) -> None:
    def refuse(handler: Handler) -> None:
        handler.reply(400, json.dumps({"__type": code, "message": "not you"}).encode())

    http_server.answer = refuse
    group = Group(http_server.url, store.telemetry)

    pull = group.pull()

    assert (str(pull.trouble), pull.position) == (said, None)
    assert "a-secret-of-the-tests" not in str(pull.trouble)


def test_lines_fetched_before_a_refusal_are_stored_and_the_rest_follows_later(
    http_server: HttpServer, store: StoreProcess
) -> None:
    at = int(datetime.now(UTC).timestamp() * 1000) - 5000
    answers: Iterator[dict[str, Any]] = iter(
        [
            {"events": [event("1", at)], "nextToken": "more"},
            {"events": [], "nextToken": "yet more"},
            {"__type": "AccessDeniedException", "message": "not now"},
            {"events": [event("1", at), event("2", at)]},
        ]
    )

    def answer(handler: Handler) -> None:
        told = next(answers)
        handler.reply(400 if "__type" in told else 200, json.dumps(told).encode())

    http_server.answer = answer
    group = Group(http_server.url, store.telemetry, since="30分")

    assert str(group.pull().trouble).startswith("権限がありません")
    assert len(group.stored) == 1
    assert group.pull().trouble == NOTHING

    assert [message for *_, message in group.stored] == ["line 1", "line 2"]


def event(id: str, at: int) -> dict[str, object]:  # noqa: A002
    return {
        "eventId": id,
        "timestamp": at,
        "ingestionTime": at,
        "message": f"line {id}",
        "logStreamName": "s",
    }


class NotOurs(Exception):
    """Raised when another worker has the lead."""


def test_a_puller_that_lost_the_lead_stores_nothing(group: Group) -> None:
    def permit() -> None:
        raise NotOurs

    group.make("web/1")
    group.put("web/1", "a")
    puller = Puller(group.telemetry, lambda: datetime.now(UTC), permit)

    with pytest.raises(NotOurs):
        puller.step({group.name: group.bound}, {"cloudwatch": KIND}, written())

    assert group.stored == []


def test_the_cost_of_fetching_is_stated(group: Group) -> None:
    assert str(cost(group.bound.config)) == (
        f"CloudWatch Logs の {group.name} を 1分毎に読みます:"
        " 読むことに AWS の料金はかからず、リージョンの外に出る分の転送料だけがかかります"
    )


def test_a_row_whose_logs_cannot_be_fetched_is_not_measurable(group: Group) -> None:
    pull = group.pull()

    Keeper(LogDays(group.telemetry)).step(written(), datetime.now(UTC), "digest")

    row = ClauseStatus.objects.get(clause_id="logs/log-kind/アプリログ")
    assert (row.verdict, str(row.reason)) == ("not-measurable", f"{group.name}: {pull.trouble}")
