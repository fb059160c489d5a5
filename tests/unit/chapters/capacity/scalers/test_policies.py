"""AWS's policies and alarms, in the terms of a rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from toban.chapters.capacity.scaler import ProviderPolicy
from toban.chapters.capacity.scalers.autoscaling.group import GroupState
from toban.chapters.capacity.scalers.autoscaling.policies import described
from toban.design.values.metric import Metric

STATE = GroupState(2, 2, 2, 0, 5, frozenset(), 300, is_deleted=False)
ARN = "arn:aws:autoscaling:ap-northeast-1:1:scalingPolicy:x:autoScalingGroupName/web:policyName/more"
MINUTES = timedelta(minutes=1)
SIMPLE: Mapping[str, Any] = {
    "PolicyName": "more",
    "PolicyARN": ARN,
    "PolicyType": "SimpleScaling",
    "AdjustmentType": "ChangeInCapacity",
    "ScalingAdjustment": 1,
    "Cooldown": 1800,
    "Enabled": True,
}
STEP: Mapping[str, Any] = {
    "PolicyName": "more",
    "PolicyARN": ARN,
    "PolicyType": "StepScaling",
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    "EstimatedInstanceWarmup": 600,
    "Enabled": True,
}
TRACKING: Mapping[str, Any] = {
    "PolicyName": "hold",
    "PolicyARN": ARN,
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingConfiguration": {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 60.0,
    },
    "Enabled": True,
}
ALARM: Mapping[str, Any] = {
    "AlarmName": "busy",
    "ActionsEnabled": True,
    "AlarmActions": [ARN],
    "StateValue": "OK",
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "web"}],
    "Period": 300,
    "EvaluationPeriods": 6,
    "Threshold": 70.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
ASKED = ProviderPolicy("more", Metric.CPU_USAGE, 70.0, 30 * MINUTES, 1, 30 * MINUTES)
"""CPU 70% for 30 minutes: one more."""


def only(policy: Mapping[str, Any], *alarms: Mapping[str, Any], state: GroupState = STATE) -> ProviderPolicy:
    """Return what is said of a policy, if that is one thing."""
    (found,) = described(policy, alarms, state, "web")
    return found


def test_a_simple_policy_with_its_alarm_is_a_rule() -> None:
    assert only(SIMPLE, ALARM) == ASKED
    assert only({**SIMPLE, "Cooldown": None}, ALARM).cool_down == 5 * MINUTES


def test_a_step_policy_with_its_alarm_is_a_rule() -> None:
    assert only(STEP, ALARM) == replace(ASKED, cool_down=10 * MINUTES)


def test_the_first_step_may_begin_over_the_threshold() -> None:
    later = {**STEP, "StepAdjustments": [{"MetricIntervalLowerBound": 5.0, "ScalingAdjustment": 2}]}

    assert (only(later, ALARM).limit, only(later, ALARM).step) == (75.0, 2)


def test_a_number_that_depends_on_something_is_no_step() -> None:
    steps = [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 20.0, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 2},
    ]

    assert only({**STEP, "StepAdjustments": steps}, ALARM).step is None
    assert only({**SIMPLE, "AdjustmentType": "PercentChangeInCapacity"}, ALARM).step is None
    assert only({**SIMPLE, "AdjustmentType": "ExactCapacity"}, ALARM).step is None


def test_so_many_periods_of_several_last_as_long_as_those_that_suffice() -> None:
    assert only(SIMPLE, {**ALARM, "DatapointsToAlarm": 5}).sustained == 25 * MINUTES
    assert only(SIMPLE, {**ALARM, "Period": 60, "EvaluationPeriods": 30}).sustained == 30 * MINUTES


@pytest.mark.parametrize(
    "other",
    [
        {"Dimensions": [{"Name": "AutoScalingGroupName", "Value": "api"}]},
        {"Dimensions": []},
        {"Statistic": "Maximum"},
        {"MetricName": "NetworkOut"},
        {"Namespace": "Shop"},
    ],
)
def test_what_is_not_the_mean_of_the_group_is_no_metric_of_a_rule(other: Mapping[str, Any]) -> None:
    assert only(SIMPLE, {**ALARM, **other}).metric is None


def test_other_metrics_have_the_documents_unit() -> None:
    memory = {**ALARM, "Namespace": "CWAgent", "MetricName": "mem_used_percent"}
    slow = {
        **ALARM,
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "TargetResponseTime",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/shop/1"}],
        "Threshold": 0.5,
    }

    assert only(SIMPLE, memory).metric is Metric.MEMORY_USAGE
    assert (only(SIMPLE, slow).metric, only(SIMPLE, slow).limit) == (Metric.RESPONSE_TIME, 500.0)


@pytest.mark.parametrize(
    ("policy", "alarm", "suspended"),
    [
        ({"Enabled": False}, {}, ()),
        ({}, {"ActionsEnabled": False}, ()),
        ({}, {"AlarmActions": [], "OKActions": [ARN]}, ()),
        ({}, {}, ("AlarmNotification",)),
        ({}, {}, ("Launch",)),
    ],
)
def test_a_policy_that_would_not_act_is_off(
    policy: Mapping[str, Any], alarm: Mapping[str, Any], suspended: tuple[str, ...]
) -> None:
    state = replace(STATE, suspended=frozenset(suspended))

    assert not only({**SIMPLE, **policy}, {**ALARM, **alarm}, state=state).is_active


def test_a_process_that_is_not_needed_keeps_no_policy_from_acting() -> None:
    state = replace(STATE, suspended=frozenset(("Terminate", "AZRebalance", "ScheduledActions")))

    assert only(SIMPLE, ALARM, state=state).is_active
    assert not only({**SIMPLE, "ScalingAdjustment": -1}, ALARM, state=state).is_active


def test_a_policy_without_an_alarm_is_off() -> None:
    for policy in (SIMPLE, STEP, TRACKING):
        assert not only(policy).is_active


def test_each_alarm_of_a_policy_is_a_rule() -> None:
    found = list(
        described(SIMPLE, [ALARM, {**ALARM, "AlarmName": "busier", "Threshold": 90.0}], STATE, "web")
    )

    assert [(each.name, each.limit) for each in found] == [("more (busy)", 70.0), ("more (busier)", 90.0)]


def test_target_tracking_computes_the_number_and_looks_at_its_alarm_for_too_much() -> None:
    low = {**ALARM, "ComparisonOperator": "LessThanThreshold", "Period": 60, "EvaluationPeriods": 15}
    high = {**ALARM, "Period": 60, "EvaluationPeriods": 3, "ComparisonOperator": "GreaterThanThreshold"}

    assert only(TRACKING, low, high) == ProviderPolicy("hold", Metric.CPU_USAGE, 60.0, 3 * MINUTES, None)


def test_target_tracking_of_another_metric_is_active_all_the_same() -> None:
    own = {"CustomizedMetricSpecification": {"Namespace": "Shop", "MetricName": "Carts"}, "TargetValue": 9.0}
    requests = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"},
        "TargetValue": 9.0,
    }

    for terms in (own, requests):
        found = only({**TRACKING, "TargetTrackingConfiguration": terms}, ALARM)
        assert (found.metric, found.is_active) == (None, True)


@pytest.mark.parametrize(("mode", "is_active"), [("ForecastOnly", False), ("ForecastAndScale", True)])
def test_predictive_scaling_acts_only_where_it_may(mode: str, is_active: bool) -> None:
    policy = {
        "PolicyName": "ahead",
        "PolicyARN": ARN,
        "PolicyType": "PredictiveScaling",
        "PredictiveScalingConfiguration": {"Mode": mode},
    }

    assert only(policy) == ProviderPolicy("ahead", None, None, None, None, is_active=is_active)
