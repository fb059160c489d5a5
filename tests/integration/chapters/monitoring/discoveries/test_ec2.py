"""EC2 instances discovered by their tags, with moto's server."""

from typing import Any

import boto3
import pytest
from tests.integration.conftest import HttpServer

from toban.chapters.monitoring.discoveries import ec2
from toban.chapters.monitoring.discovery import Discovery, Undiscovered

REGION = "ap-northeast-1"
SECRET = "a-secret-of-the-tests"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EC2_ACCESS", "AKIATOBANTEST")
    monkeypatch.setenv("EC2_SECRET", SECRET)


def discovery(url: str, **keys: object) -> Discovery:
    written = {
        "region": REGION,
        "endpoint_url": url,
        "access_key": "env:EC2_ACCESS",
        "secret_key": "env:EC2_SECRET",
        "tags": {"Role": "web", "Stage": "production"},
        **keys,
    }
    return ec2.KIND.build(ec2.KIND.config.model_validate(written))


def launched(client: Any, count: int = 1, **tags: str) -> list[str]:
    image = client.describe_images()["Images"][0]["ImageId"]
    made = client.run_instances(
        ImageId=image,
        MinCount=count,
        MaxCount=count,
        InstanceType="t3.micro",
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )
    return [each["InstanceId"] for each in made["Instances"]]


def test_running_instances_with_all_tags_are_found_as_they_come_and_go(moto: str) -> None:
    client = boto3.client(
        "ec2", region_name=REGION, endpoint_url=moto, aws_access_key_id="a", aws_secret_access_key="b"
    )
    fleet = launched(client, 2, Role="web", Stage="production", Name="web", **{"shop:zone": "north"})
    launched(client, Role="web", Stage="staging")
    launched(client, Role="db", Stage="production")
    look = discovery(moto).look

    before = look()
    client.terminate_instances(InstanceIds=fleet[:1])
    after = look()

    assert [host.name for host in before] == sorted(f"web/{each}" for each in fleet)
    assert [host.name for host in after] == [f"web/{fleet[1]}"]
    values = after[0].values
    assert values["id"] == fleet[1]
    assert values["private_ip"].startswith("10.")
    assert (values["tag_Stage"], values["tag_shop_zone"]) == ("production", "north")
    assert values["zone"].startswith(REGION)


def test_no_instance_is_found_when_none_has_the_tags(moto: str) -> None:
    assert discovery(moto, tags={"Role": "nobody"}).look() == []


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        ("AuthFailure", 401, "鍵か権限が正しくありません"),
        ("UnauthorizedOperation", 403, "権限がありません"),
        ("RequestLimitExceeded", 503, "AWS が要求を絞っています"),
        ("InternalError", 500, "EC2 が断りました"),
    ],
)
def test_a_refusal_does_not_count_hosts_as_gone(
    http_server: HttpServer, code: str, status: int, why: str
) -> None:
    body = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>said so</Message></Error></Errors></Response>"
    )
    http_server.answer = lambda handler: handler.reply(status, body.encode())

    with pytest.raises(Undiscovered, match=why) as caught:
        discovery(http_server.url).look()

    assert SECRET not in str(caught.value)


def test_missing_keys_are_reported_by_their_place(http_server: HttpServer) -> None:
    with pytest.raises(Undiscovered, match="環境変数 NOWHERE がありません"):
        discovery(http_server.url, secret_key="env:NOWHERE").look()

    assert http_server.asked == []


def test_an_unreachable_ec2_is_reported() -> None:
    with pytest.raises(Undiscovered, match="EC2 に届きません"):
        discovery("http://127.0.0.1:1").look()


def test_an_answer_that_is_none_of_ec2_is_not_an_empty_fleet(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(200, b"<html>Sign in to the proxy")

    with pytest.raises(Undiscovered, match="EC2 の応答ではないものが返りました") as caught:
        discovery(http_server.url).look()

    assert "Sign in" not in str(caught.value)
