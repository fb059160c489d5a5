"""Storage of RDS instances, against moto's server and against one that refuses."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.chapters.capacity.usage_sources.cloud import GIB, SECRET, Refusing, access, client, put
from tests.ports import free_port

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.rds.config import RdsUsage
from toban.chapters.capacity.usage_sources.rds.source import RdsSource

NOW = datetime.now(UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)
DESCRIBED = (
    "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>"
    "<DBInstanceIdentifier>shop</DBInstanceIdentifier><Engine>postgres</Engine>"
    "<AllocatedStorage>100</AllocatedStorage>"
    "</DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>"
)


def source(url: str, name: str, **more: object) -> RdsSource:
    return RdsSource(RdsUsage.model_validate(access(url, instance=name, timeout=5, **more)))


@pytest.fixture
def shop(moto: str) -> str:
    """The name of a new instance of 100 GiB."""
    name = f"shop{free_port()}"
    make(moto, name)
    return name


def make(url: str, name: str, **more: Any) -> None:
    client("rds", url).create_db_instance(
        **{
            "DBInstanceIdentifier": name,
            "Engine": "postgres",
            "DBInstanceClass": "db.m5.large",
            "AllocatedStorage": 100,
            "MasterUsername": "toban",
            "MasterUserPassword": "hunter22",
            **more,
        }
    )


def put_free(url: str, name: str, values: Sequence[tuple[datetime, float]]) -> None:
    put(url, "AWS/RDS", "FreeStorageSpace", {"DBInstanceIdentifier": name}, dict(values))


def why(asked: RdsSource, *, of_past: bool = False) -> str:
    with pytest.raises(UsageUnknown) as unknown:
        asked.history(NOW - 40 * DAY, NOW) if of_past else asked.measure(NOW)
    asked.close()
    assert SECRET not in str(unknown.value)
    return str(unknown.value)


def test_what_is_not_free_of_the_allocated_storage_is_used(moto: str, shop: str) -> None:
    put_free(moto, shop, [(NOW - timedelta(minutes=9), 50.0 * GIB), (NOW - timedelta(minutes=3), 30.0 * GIB)])
    database = source(moto, shop)

    found = database.measure(NOW)
    database.close()

    assert found == UsageReading(70 * GIB, 100 * GIB)


def test_storage_that_grows_by_itself_is_limited_by_how_far_it_may(moto: str) -> None:
    name = f"grows{free_port()}"
    make(moto, name, MaxAllocatedStorage=500)
    put_free(moto, name, [(NOW - timedelta(minutes=3), 30.0 * GIB)])
    database = source(moto, name)

    found = database.measure(NOW)
    database.close()

    assert found == UsageReading(70 * GIB, 500 * GIB)


def test_the_past_comes_by_day_without_today(moto: str, shop: str) -> None:
    put_free(
        moto,
        shop,
        [(MIDNIGHT - number * DAY + timedelta(hours=9), (20.0 + number) * GIB) for number in range(41)],
    )
    database = source(moto, shop)

    found = database.history(NOW - 31 * DAY, NOW)
    database.close()

    assert [each.at for each in found] == [MIDNIGHT - number * DAY for number in range(30, 0, -1)]
    assert [each.used / GIB for each in found] == [80 - number for number in range(30, 0, -1)]


def test_a_cluster_of_aurora_has_the_use_of_its_volume_and_no_limit(moto: str) -> None:
    cluster, name = f"cluster{free_port()}", f"aurora{free_port()}"
    client("rds", moto).create_db_cluster(
        DBClusterIdentifier=cluster,
        Engine="aurora-postgresql",
        MasterUsername="toban",
        MasterUserPassword="hunter22",
    )
    make(moto, name, Engine="aurora-postgresql", DBClusterIdentifier=cluster)
    dimensions = {"DBClusterIdentifier": cluster}
    put(
        moto,
        "AWS/RDS",
        "VolumeBytesUsed",
        dimensions,
        {max(NOW - timedelta(hours=2), MIDNIGHT): 42e9, MIDNIGHT - timedelta(hours=12): 41e9},
    )
    database = source(moto, name)

    found, past = database.measure(NOW), database.history(NOW - 3 * DAY, NOW)
    database.close()

    assert found == UsageReading(42e9)
    assert {each.at: each.used for each in past} == {MIDNIGHT - DAY: 41e9}


def test_an_instance_that_is_gone_is_named_with_a_way_out(moto: str) -> None:
    said = why(source(moto, "nowhere"))

    assert "ap-northeast-1 に DB インスタンス nowhere がありません" in said
    assert "instance と region を確かめてください" in said


def test_an_instance_without_values_is_not_empty(moto: str, shop: str) -> None:
    put_free(moto, shop, [(NOW - timedelta(hours=1), 30.0 * GIB)])

    said = why(source(moto, shop))

    assert f"CloudWatch にこの15分の {shop} の FreeStorageSpace がありません" in said


def test_an_instance_without_a_past_has_none(moto: str, shop: str) -> None:
    database = source(moto, shop)

    assert database.history(NOW - 31 * DAY, NOW) == []
    assert database.history(NOW - timedelta(hours=1), NOW) == ()
    database.close()


@pytest.mark.parametrize("action", ["DescribeDBInstances", "GetMetricData"])
@pytest.mark.parametrize("of_past", [False, True])
@pytest.mark.parametrize(
    ("code", "status", "words", "hint"),
    [
        (
            "AccessDenied",
            403,
            "権限がありません",
            "cloudwatch:GetMetricData を許して",
        ),
        ("Throttling", 400, "AWS が要求を絞っています", "次の測定でもう一度聞きます"),
        ("InternalFailure", 500, "断りました", "を許して"),
    ],
)
def test_a_refusal_is_said_with_a_way_out(
    refusing: Refusing, action: str, code: str, status: int, words: str, hint: str, *, of_past: bool
) -> None:
    refusing.answers["DescribeDBInstances"] = DESCRIBED
    refusing.refused[action] = (status, code)

    said = why(source(refusing.url, "shop"), of_past=of_past)

    assert words in said
    assert hint in said
    assert refusing.asked[-1] == action


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_incomplete_values_are_not_used(refusing: Refusing, status: str) -> None:
    refusing.answers["DescribeDBInstances"] = DESCRIBED
    result = {"Id": "m0", "Timestamps": [NOW.timestamp()], "Values": [1.0], "StatusCode": status}
    refusing.answers["GetMetricData"] = {"MetricDataResults": [result]}

    assert f"CloudWatch の値が揃っていません ({status})" in why(source(refusing.url, "shop"))


def test_an_answer_with_endless_pages_is_abandoned(refusing: Refusing) -> None:
    refusing.answers["DescribeDBInstances"] = DESCRIBED
    refusing.answers["GetMetricData"] = {"MetricDataResults": [], "NextToken": "more"}

    assert "揃っていません" in why(source(refusing.url, "shop"))
    assert refusing.asked.count("GetMetricData") == 20


def test_an_aws_that_does_not_answer_is_said() -> None:
    assert "RDS に届きません" in why(source("http://127.0.0.1:1", "shop"))


def test_a_missing_key_is_named_by_its_place() -> None:
    assert "環境変数 NOWHERE がありません" in why(
        source("http://127.0.0.1:1", "shop", secret_key="env:NOWHERE")
    )
