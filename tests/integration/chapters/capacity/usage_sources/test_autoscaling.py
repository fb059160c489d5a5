"""Auto Scaling groups of moto's server, of ministack's, and of an AWS that refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.integration import buckets
from tests.integration.chapters.capacity.usage_sources.cloud import REGION, SECRET, Refusing, access, client
from tests.ports import free_port

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.autoscaling.config import AutoScalingUsage
from toban.chapters.capacity.usage_sources.autoscaling.source import AutoScalingSource, doubts

NOW = datetime.now(UTC)


def config(url: str, group: str, **more: object) -> AutoScalingUsage:
    return AutoScalingUsage.model_validate(access(url, group=group, timeout=5, **more))


def measured(url: str, group: str) -> UsageReading:
    source = AutoScalingSource(config(url, group))
    try:
        return source.measure(NOW)
    finally:
        source.close()


def why(url: str, group: str, **more: object) -> str:
    source = AutoScalingSource(config(url, group, **more))
    with pytest.raises(UsageUnknown) as unknown:
        source.measure(NOW)
    source.close()
    assert SECRET not in str(unknown.value)
    return str(unknown.value)


def make(url: str, size: int, most: int, zone: str = f"{REGION}a") -> str:
    """Make a group of *size* instances; return its name."""
    name, scaling = f"web{free_port()}", client("autoscaling", url)
    scaling.create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=most,
        DesiredCapacity=size,
        AvailabilityZones=[zone],
    )
    return name


def test_the_instances_in_service_count_against_the_largest_size(moto: str) -> None:
    name = make(moto, 5, 10)

    assert measured(moto, name) == UsageReading(5, 10, {f"{REGION}a": 5})


def test_an_instance_that_is_on_standby_does_not_count(moto: str) -> None:
    name = make(moto, 3, 6)
    scaling = client("autoscaling", moto)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    scaling.enter_standby(
        AutoScalingGroupName=name,
        InstanceIds=[group["Instances"][0]["InstanceId"]],
        ShouldDecrementDesiredCapacity=True,
    )

    assert measured(moto, name) == UsageReading(2, 6, {f"{REGION}a": 2})


def test_a_group_without_instances_is_used_by_none(moto: str) -> None:
    assert measured(moto, make(moto, 0, 4)) == UsageReading(0, 4)


def test_a_group_that_is_gone_is_named_with_a_way_out(moto: str) -> None:
    said = why(moto, "nowhere")

    assert "ap-northeast-1 に Auto Scaling グループ nowhere がありません" in said
    assert "group と region を確かめてください" in said


def test_a_group_that_launches_nothing_is_doubted(moto: str) -> None:
    name = make(moto, 1, 4)
    assert list(doubts(config(moto, name))) == []
    client("autoscaling", moto).suspend_processes(
        AutoScalingGroupName=name, ScalingProcesses=["Launch", "AZRebalance"]
    )

    (doubt,) = doubts(config(moto, name))

    assert isinstance(doubt, tuple)
    assert str(doubt[0]) == f"{name} は増えません: Launch が止められています"
    assert list(doubts(config(moto, "nowhere"))) == []


def answer(*instances: str) -> str:
    members = "".join(f"<member>{each}</member>" for each in instances)
    return (
        "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>"
        f"<MaxSize>20</MaxSize><Instances>{members}</Instances>"
        "</member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
    )


def instance(zone: str, state: str = "InService", more: str = "") -> str:
    return f"<LifecycleState>{state}</LifecycleState><AvailabilityZone>{zone}</AvailabilityZone>{more}"


def test_each_zone_is_a_part_and_what_only_comes_or_goes_is_none(refusing: Refusing) -> None:
    states = ("Pending", "Terminating:Wait", "Warmed:Stopped", "Standby")
    refusing.answers["DescribeAutoScalingGroups"] = answer(
        instance("c"), instance("a"), instance("a"), *(instance("b", state) for state in states)
    )

    assert measured(refusing.url, "web") == UsageReading(3, 20, {"a": 2, "c": 1})


def test_instances_with_weights_count_by_them_as_the_limit_does(refusing: Refusing) -> None:
    weights = (f"<WeightedCapacity>{weight}</WeightedCapacity>" for weight in (4, 2))
    refusing.answers["DescribeAutoScalingGroups"] = answer(
        *(instance("a", more=weight) for weight in weights)
    )

    assert measured(refusing.url, "web") == UsageReading(6, 20, {"a": 6})


@pytest.mark.parametrize(
    ("code", "status", "words", "hint"),
    [
        ("AccessDenied", 403, "権限がありません", "autoscaling:DescribeAutoScalingGroups を許して"),
        ("Throttling", 400, "AWS が要求を絞っています", "次の測定でもう一度聞きます"),
        ("InternalFailure", 500, "断りました", "を許して"),
    ],
)
def test_a_refusal_is_said_with_a_way_out(
    refusing: Refusing, code: str, status: int, words: str, hint: str
) -> None:
    refusing.refused["DescribeAutoScalingGroups"] = (status, code)

    said = why(refusing.url, "web")

    assert words in said
    assert hint in said


def test_an_aws_that_does_not_answer_is_said() -> None:
    assert "Auto Scaling に届きません" in why("http://127.0.0.1:1", "web")


def test_a_missing_key_is_named_by_its_place() -> None:
    assert "環境変数 NOWHERE がありません" in why("http://127.0.0.1:1", "web", secret_key="env:NOWHERE")


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = buckets.ministack(tmp_path_factory.mktemp("ministack"), "autoscaling,ec2")
    server.start()
    yield server.url
    server.stop()


def test_a_second_simulation_of_aws_counts_alike(ministack: str) -> None:
    name = make(ministack, 2, 8)

    found = measured(ministack, name)

    assert (found.used, found.limit) == (2, 8)
