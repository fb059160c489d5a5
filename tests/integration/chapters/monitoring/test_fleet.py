"""A fleet on AWS, simulated by moto: discovered by tags, measured with CloudWatch, judged by the document."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.integration.chapters.monitoring.test_service import Stage, cpu, design, open_alerts, status
from tests.registered import kinds, schema

from toban.chapters.monitoring.discovery import DISCOVERY_KINDS
from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.notify.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)

REGION = "ap-northeast-1"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATOBANTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests")


def client(service: str, url: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)


def launched(url: str, count: int) -> list[str]:
    ec2 = client("ec2", url)
    made = ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"],
        MinCount=count,
        MaxCount=count,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Role", "Value": "fleet"}]}],
    )
    return sorted(each["InstanceId"] for each in made["Instances"])


def busy(url: str, instance: str, percent: float) -> None:
    """Store the CPU usage of *instance* in CloudWatch."""
    at = datetime.now(UTC) - timedelta(minutes=3)
    values = {"CPUUtilization": percent, "StatusCheckFailed": 0.0}
    dimensions = [{"Name": "InstanceId", "Value": instance}]
    client("cloudwatch", url).put_metric_data(
        Namespace="AWS/EC2",
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
            for name, value in values.items()
        ],
    )


def bindings(url: str, stage: Stage) -> Bindings:
    text = f"""
[[targets.Web.discovery]]
kind = "ec2"
region = "{REGION}"
endpoint_url = "{url}"
tags = {{ Role = "fleet" }}
source = {{ kind = "cloudwatch", region = "{REGION}", endpoint_url = "{url}", ec2 = "${{id}}" }}
"""
    kinds = schema(
        sources={name: kind.config for name, kind in stage.kinds.items()},
        discoveries={name: kind.config for name, kind in stage.discoveries.items()},
    )
    return read_bindings(text, Path("toban.toml"), kinds)


def test_terminated_instances_leave_no_alert_behind(moto: str) -> None:
    stage = Stage(discoveries=kinds(DISCOVERY_KINDS), now=datetime.now(UTC))
    stage.kinds = kinds(SOURCE_KINDS, "cloudwatch")
    stage.restart()
    first, second = launched(moto, 2)
    busy(moto, first, 20.0)
    busy(moto, second, 92.0)

    stage.adopt(design(cpu("Web")), bindings(moto, stage))
    stage.measure(rounds=2)
    assert (status().verdict, str(status().value)) == ("deviating", f"92%（{second}）")
    assert [condition for _, condition in open_alerts()] == ["critical"]

    client("ec2", moto).terminate_instances(InstanceIds=[second])
    stage.measure(rounds=12)
    stage.board.close()

    assert (status().verdict, str(status().value), open_alerts()) == ("conforming", "20%", [])
    assert str(Alert.objects.get().value) == "測定の対象から外れました"
