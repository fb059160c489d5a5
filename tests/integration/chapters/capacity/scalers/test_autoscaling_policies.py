"""What AWS itself does about a group: the document's row compared with it, and what is doubtful."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.capacity.scalers.between import REGION, Between, client
from tests.integration.chapters.capacity.scalers.test_autoscaling import make, written
from tests.integration.chapters.capacity.scalers.test_deployment import RULES
from tests.registered import PARTS

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import Group
from toban.chapters.capacity.scaling.policies import wrong_of
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.message import NOTHING


def bound(url: str, name: str, **more: object) -> Group:
    """Return the group of a document whose rule says: CPU 70% for 30 minutes, one more."""
    keys = {"kind": "autoscaling", **written(url, name, **more)}
    lines = [
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in keys.items()
    ]
    text = "\n".join(['[scaling."Webサーバー"]', *lines])
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    edition = Edition(read_design("# 運用設計書\n" + RULES, "運用設計書.md"), bindings, PARTS.kinds)
    (found,) = edition.plan(OPERATION).groups
    return found


def wrong(found: Group) -> str:
    """Return what is wrong about the group's policies."""
    scaler = found.opened(Path(), PARTS.ports)
    try:
        return str(wrong_of(found, scaler, scaler.size()) or NOTHING)
    finally:
        scaler.close()


def doubts(found: Group) -> list[str]:
    """Return what `check --live` says of it."""
    given = found.kind.doubts(found.config, found.site(Path(), PARTS.ports))
    return [" ".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in given]


def policy(url: str, group: str, name: str = "more", *, threshold: float = 70.0, **more: Any) -> str:
    """Have AWS scale *group* by itself; return the policy's ARN."""
    terms = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1, "Cooldown": 1800} | more
    client("autoscaling", url).put_scaling_policy(
        AutoScalingGroupName=group, PolicyName=name, PolicyType="SimpleScaling", **terms
    )
    arn = arn_of(url, group, name)
    client("cloudwatch", url).put_metric_alarm(
        AlarmName=f"{group}-{name}",
        AlarmActions=[arn],
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": group}],
        Statistic="Average",
        Period=300,
        EvaluationPeriods=6,
        Threshold=threshold,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    return arn


def arn_of(url: str, group: str, name: str) -> str:
    """Return the policy's ARN: moto does not say it when the policy is made."""
    found = client("autoscaling", url).describe_policies(AutoScalingGroupName=group, PolicyNames=[name])
    return str(found["ScalingPolicies"][0]["PolicyARN"])


def test_a_policy_that_says_what_the_row_says_is_as_it_should_be(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    policy(aws.url, name)
    policy(aws.url, name, "less", threshold=30.0, ScalingAdjustment=-1)

    assert wrong(bound(aws.url, name, by="provider")) == ""


def test_a_policy_that_says_something_else_is_named_with_the_difference(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    policy(aws.url, name, threshold=80.0, ScalingAdjustment=2)

    said = wrong(bound(aws.url, name, by="provider"))

    assert "more" in said
    assert "80" in said
    assert "2" in said


def test_a_policy_that_is_switched_off_is_none(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    policy(aws.url, name)
    client("cloudwatch", aws.url).disable_alarm_actions(AlarmNames=[f"{name}-more"])
    without_actions = wrong(bound(aws.url, name, by="provider"))
    client("cloudwatch", aws.url).enable_alarm_actions(AlarmNames=[f"{name}-more"])
    client("autoscaling", aws.url).suspend_processes(
        AutoScalingGroupName=name, ScalingProcesses=["AlarmNotification"]
    )

    assert "more" in without_actions
    assert wrong(bound(aws.url, name, by="provider")) == without_actions


def test_where_toban_scales_a_policy_of_aws_is_one_too_many(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    before = wrong(bound(aws.url, name))
    policy(aws.url, name)

    assert before == ""
    assert "more" in wrong(bound(aws.url, name))
    client("autoscaling", aws.url).delete_policy(AutoScalingGroupName=name, PolicyName="more")
    assert wrong(bound(aws.url, name)) == ""


def test_target_tracking_beside_toban_is_one_too_many(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    client("autoscaling", aws.url).put_scaling_policy(
        AutoScalingGroupName=name,
        PolicyName="hold",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 60.0,
        },
    )
    arn = arn_of(aws.url, name, "hold")
    # AWS makes the alarms itself; moto does not.
    client("cloudwatch", aws.url).put_metric_alarm(
        AlarmName=f"TargetTracking-{name}-AlarmHigh",
        AlarmActions=[arn],
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": name}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=3,
        Threshold=60.0,
        ComparisonOperator="GreaterThanThreshold",
    )

    assert "hold" in wrong(bound(aws.url, name))


def test_a_group_that_can_grow_has_no_doubts(aws: Between) -> None:
    name = make(aws.url, 2, 5)

    assert doubts(bound(aws.url, name, most=5)) == []
    assert bound(aws.url, name).bound == f"autoscaling:{REGION}:{name}"


def test_what_would_keep_a_group_from_growing_is_doubtful(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    scaling = client("autoscaling", aws.url)
    scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    scaling.put_scheduled_update_group_action(
        AutoScalingGroupName=name, ScheduledActionName="night", Recurrence="0 22 * * *", DesiredCapacity=1
    )

    found = doubts(bound(aws.url, name, most=8))

    assert [each.split()[0] for each in found] == [name, name, "AWS"]
    assert "5 台までしか増やせませんが、toban.toml は 8 台まで許しています" in found[0]
    assert "止められています: Launch" in found[1]
    assert "スケジュール night で「0 22 * * *」に 1 台に変えます" in found[2]
    assert aws.actions("SetDesiredCapacity") == []


@pytest.mark.parametrize("action", ["DescribeAutoScalingGroups", "DescribeScalingActivities"])
def test_missing_rights_are_doubtful(aws: Between, action: str) -> None:
    name = make(aws.url, 2, 5)
    aws.refused[action] = [(403, "AccessDenied")]

    (found,) = doubts(bound(aws.url, name))

    assert f"autoscaling:{action}" in found


def test_an_alarm_without_data_never_has_the_group_grow(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    policy(aws.url, name)
    cloudwatch = client("cloudwatch", aws.url)
    cloudwatch.set_alarm_state(AlarmName=f"{name}-more", StateValue="INSUFFICIENT_DATA", StateReason="none")

    (found,) = doubts(bound(aws.url, name, by="provider"))
    cloudwatch.set_alarm_state(AlarmName=f"{name}-more", StateValue="OK", StateReason="data")

    assert f"アラーム {name}-more にデータが来ていません" in found
    assert doubts(bound(aws.url, name, by="provider")) == []
