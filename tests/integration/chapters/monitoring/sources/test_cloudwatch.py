"""Measuring with CloudWatch: moto's server for what it supports, and scripted faults for the rest."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from tests.integration.conftest import Handler, HttpServer

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.source import CloudWatchSource
from toban.design.values.metric import Metric

REGION = "ap-northeast-1"
GIB = 1 << 30
ALB = "app/shop/50dc6c495c0c9188"
GROUP = "targetgroup/shop/73e2d6bc24d8a067"
ACCESS, SECRET = "AKIATOBANTEST", "a-secret-of-the-tests"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS", ACCESS)
    monkeypatch.setenv("AWS_SECRET", SECRET)


def client(service: str, url: str) -> Any:
    return boto3.client(
        service, region_name=REGION, endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET
    )


def source(url: str, **keys: object) -> CloudWatchSource:
    written = {
        "region": REGION,
        "endpoint_url": url,
        "access_key": "env:AWS_ACCESS",
        "secret_key": "env:AWS_SECRET",
        **keys,
    }
    return CloudWatchSource(CloudWatchConfig.model_validate(written))


def put(url: str, namespace: str, dimensions: Mapping[str, str], **values: float) -> None:
    """Store *values* in CloudWatch with a time three minutes ago."""
    client("cloudwatch", url).put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": each, "Value": value} for each, value in dimensions.items()],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=3),
                "Value": value,
            }
            for name, value in values.items()
        ],
    )


def by_metric(measured: Sequence[Measurement]) -> dict[Metric, float]:
    return {each.metric: each.value for each in measured}


def test_an_instance_yields_its_cpu_and_whether_it_passes_its_checks(moto: str) -> None:
    put(moto, "AWS/EC2", {"InstanceId": "i-0123456789abcdef0"}, CPUUtilization=42.0, StatusCheckFailed=0.0)
    web = source(moto, ec2="i-0123456789abcdef0", instance="web-1")

    found = web.measure(datetime.now(UTC))
    web.close()

    assert by_metric(found) == {Metric.UP: 1.0, Metric.CPU_USAGE: 42.0}
    assert {each.instance for each in found} == {"web-1"}


def test_a_database_yields_the_values_of_cloudwatch_and_rds_together(moto: str) -> None:
    client("rds", moto).create_db_instance(
        DBInstanceIdentifier="shop",
        Engine="postgres",
        DBInstanceClass="db.m5.large",
        AllocatedStorage=100,
        MasterUsername="toban",
        MasterUserPassword="hunter22",
    )
    put(
        moto,
        "AWS/RDS",
        {"DBInstanceIdentifier": "shop"},
        CPUUtilization=12.5,
        DatabaseConnections=7.0,
        FreeStorageSpace=30.0 * GIB,
    )
    shop = source(moto, rds="shop")

    found = by_metric(shop.measure(datetime.now(UTC)))
    shop.close()

    assert found == {
        Metric.UP: 1.0,
        Metric.CPU_USAGE: 12.5,
        Metric.CONNECTIONS: 7.0,
        Metric.DISK_USAGE: pytest.approx(70.0),
    }


def test_a_load_balancer_yields_error_rate_response_time_and_whether_a_target_is_healthy(moto: str) -> None:
    put(
        moto,
        "AWS/ApplicationELB",
        {"LoadBalancer": ALB},
        RequestCount=200.0,
        HTTPCode_Target_5XX_Count=3.0,
        TargetResponseTime=0.25,
    )
    put(moto, "AWS/ApplicationELB", {"LoadBalancer": ALB, "TargetGroup": GROUP}, HealthyHostCount=2.0)
    shop = source(moto, alb=ALB, target_group=GROUP)

    found = by_metric(shop.measure(datetime.now(UTC)))
    shop.close()

    assert found == {Metric.UP: 1.0, Metric.ERROR_RATE: 1.5, Metric.RESPONSE_TIME: 250.0}


def test_metrics_without_values_in_cloudwatch_are_named(moto: str) -> None:
    web = source(moto, ec2="i-00000000000000000")

    with pytest.raises(
        Unmeasurable, match="i-00000000000000000: CloudWatch にこの10分の CPU使用率、死活 がありません"
    ):
        web.measure(datetime.now(UTC))
    web.close()


def test_a_database_that_does_not_exist_is_not_measurable_rather_than_down(moto: str) -> None:
    nowhere = source(moto, rds="nowhere")

    with pytest.raises(Unmeasurable, match="DBInstanceNotFound") as caught:
        nowhere.measure(datetime.now(UTC))
    nowhere.close()

    assert caught.value.measured == ()


class CloudWatch:
    """Answers GetMetricData as the test says, and records the requests."""

    def __init__(self, server: HttpServer) -> None:
        self.asked: list[dict[str, Any]] = []
        self.result: dict[str, Any] = {"StatusCode": "Complete"}
        self.more: dict[str, Any] = {}
        self.fault: tuple[int, dict[str, str]] | None = None
        server.answer = self.answer

    def answer(self, handler: Handler) -> None:
        is_packed = handler.headers.get("content-encoding") == "gzip"
        asked = json.loads(gzip.decompress(handler.body) if is_packed else handler.body)
        self.asked.append(asked)
        if self.fault is not None:
            status, body = self.fault
            self._reply(handler, status, body)
            return
        at = (datetime.now(UTC) - timedelta(minutes=3)).timestamp()
        results = [
            {"Id": each["Id"], "Label": "", "Timestamps": [at], "Values": [0.0], **self.result}
            for each in asked["MetricDataQueries"]
        ]
        self._reply(handler, 200, {"MetricDataResults": results, **self.more})

    def _reply(self, handler: Handler, status: int, body: dict[str, Any]) -> None:
        handler.reply(status, json.dumps(body).encode())

    def counts(self) -> list[int]:
        return [len(each["MetricDataQueries"]) for each in self.asked]


@pytest.fixture
def cloudwatch(http_server: HttpServer) -> CloudWatch:
    return CloudWatch(http_server)


def test_hundreds_of_instances_are_queried_in_batches_and_only_once_a_minute(
    cloudwatch: CloudWatch, http_server: HttpServer
) -> None:
    fleet = [source(http_server.url, ec2=f"i-{number:08x}") for number in range(300)]
    now = datetime.now(UTC)

    for later in (0, 15, 45):
        for each in fleet:
            each.measure(now + timedelta(seconds=later))
    asked = cloudwatch.counts()
    fleet.pop().close()
    fleet[0].measure(now + timedelta(seconds=60))
    for each in fleet:
        each.close()

    assert asked == [500, 100]
    assert cloudwatch.counts()[2:] == [500, 98]


def test_a_new_instance_does_not_wait_for_the_next_minute(
    cloudwatch: CloudWatch, http_server: HttpServer
) -> None:
    now = datetime.now(UTC)
    old = source(http_server.url, ec2="i-00000001")
    old.measure(now)

    new = source(http_server.url, ec2="i-00000002")
    found = new.measure(now + timedelta(seconds=10))
    old.close()
    new.close()

    assert by_metric(found)[Metric.UP] == 1.0
    assert cloudwatch.counts() == [2, 4]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_incomplete_values_are_not_used_and_the_reason_is_reported(
    cloudwatch: CloudWatch, http_server: HttpServer, status: str
) -> None:
    cloudwatch.result = {"StatusCode": status, "Messages": [{"Code": "Why", "Value": "it is so"}]}
    web = source(http_server.url, ec2="i-00000001")

    with pytest.raises(Unmeasurable, match=f"揃っていません（CPUUtilization {status} Why it is so") as caught:
        web.measure(datetime.now(UTC))
    web.close()

    assert caught.value.measured == ()


def test_an_answer_with_endless_pages_is_abandoned(cloudwatch: CloudWatch, http_server: HttpServer) -> None:
    cloudwatch.result, cloudwatch.more = {"StatusCode": "PartialData"}, {"NextToken": "more"}
    web = source(http_server.url, ec2="i-00000001")

    with pytest.raises(Unmeasurable, match="PartialData"):
        web.measure(datetime.now(UTC))
    web.close()

    assert len(cloudwatch.asked) == 10


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        ("UnrecognizedClientException", 403, "鍵か権限が正しくありません"),
        ("AccessDeniedException", 403, "権限がありません"),
        ("ExpiredToken", 403, "一時的な鍵の期限が切れています"),
        ("Throttling", 400, "AWS が要求を絞っています"),
        ("InternalServiceFault", 500, "CloudWatch が断りました"),
    ],
)
def test_a_refusal_yields_no_value_and_does_not_mark_the_resource_down(
    cloudwatch: CloudWatch, http_server: HttpServer, code: str, status: int, why: str
) -> None:
    cloudwatch.fault = (status, {"__type": code, "message": "said so"})
    web = source(http_server.url, ec2="i-00000001")

    with pytest.raises(Unmeasurable, match=f"i-00000001: {why}") as caught:
        web.measure(datetime.now(UTC))
    web.close()

    assert caught.value.measured == ()
    assert SECRET not in str(caught.value)


def test_a_missing_key_is_reported_by_its_place() -> None:
    web = source("http://127.0.0.1:1", ec2="i-00000001", secret_key="env:NOWHERE")

    with pytest.raises(Unmeasurable, match="環境変数 NOWHERE がありません"):
        web.measure(datetime.now(UTC))
    web.close()


def test_an_unreachable_cloudwatch_is_reported() -> None:
    web = source("http://127.0.0.1:1", ec2="i-00000001")

    with pytest.raises(Unmeasurable, match="CloudWatch に届きません"):
        web.measure(datetime.now(UTC))
    web.close()
