"""Policies of AWS and their alarms, in the terms of a scaling rule. Pure.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ScalingPolicy.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from toban.chapters.capacity.scaler import ProviderPolicy
from toban.chapters.capacity.scalers.autoscaling.group import GroupState
from toban.design.values.metric import Metric

_METRICS = {
    ("AWS/EC2", "CPUUtilization"): (Metric.CPU_USAGE, 1.0),
    ("CWAgent", "mem_used_percent"): (Metric.MEMORY_USAGE, 1.0),
    ("CWAgent", "disk_used_percent"): (Metric.DISK_USAGE, 1.0),
    ("AWS/ApplicationELB", "TargetResponseTime"): (Metric.RESPONSE_TIME, 1000.0),
}
"""Namespace and name → what a rule calls it, and the factor to its unit."""
_PREDEFINED = {"ASGAverageCPUUtilization": Metric.CPU_USAGE}
_OF_INSTANCES = frozenset(("AWS/EC2", "CWAgent"))
"""A rule's metric is that of the group: here, the alarm has to name it."""
_HIGH = ("GreaterThanOrEqualToThreshold", "GreaterThanThreshold")

type Described = Mapping[str, Any]
"""A part of AWS's answer."""


def described(
    policy: Described, alarms: Sequence[Described], state: GroupState, group: str
) -> Iterator[ProviderPolicy]:
    """Yield what *policy* does: one entry for each alarm that has it act, or one that is off without any."""
    name = policy["PolicyName"]
    match policy["PolicyType"]:
        case "TargetTrackingScaling":
            yield _tracking(policy, alarms, state)
        case "SimpleScaling" | "StepScaling":
            for alarm in alarms:
                shown = name if len(alarms) == 1 else f"{name} ({alarm['AlarmName']})"
                yield _triggered(shown, policy, alarm, state, group)
            if not alarms:
                step = _step(policy)
                yield ProviderPolicy(name, None, None, None, step, _cool_down(policy, state), is_active=False)
        case _:
            # Predictive scaling looks ahead; ForecastOnly only says what it would do.
            mode = (policy.get("PredictiveScalingConfiguration") or {}).get("Mode")
            is_active = bool(policy.get("Enabled", True)) and mode != "ForecastOnly"
            yield ProviderPolicy(name, None, None, None, None, is_active=is_active)


def _triggered(
    name: str, policy: Described, alarm: Described, state: GroupState, group: str
) -> ProviderPolicy:
    metric, factor = _metric(alarm, group)
    threshold = alarm.get("Threshold")
    limit = None if threshold is None else (float(threshold) + _offset(policy, alarm)) * factor
    return ProviderPolicy(
        name,
        metric,
        limit,
        _sustained(alarm),
        _step(policy),
        _cool_down(policy, state),
        is_active=_is_active(policy, [alarm], state),
    )


def _tracking(policy: Described, alarms: Sequence[Described], state: GroupState) -> ProviderPolicy:
    """Return it with its alarm for too much; that for too little takes instances away."""
    terms = policy.get("TargetTrackingConfiguration") or {}
    predefined = (terms.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    own = terms.get("CustomizedMetricSpecification") or {}
    named = _METRICS.get((own.get("Namespace", ""), own.get("MetricName", "")))
    metric, factor = (_PREDEFINED.get(predefined), 1.0) if predefined else named or (None, 1.0)
    target = terms.get("TargetValue")
    high = [each for each in alarms if each.get("ComparisonOperator") in _HIGH]
    return ProviderPolicy(
        policy["PolicyName"],
        metric,
        None if target is None else float(target) * factor,
        _sustained(high[0]) if high else None,
        None,
        _cool_down(policy, state),
        is_active=_is_active(policy, alarms, state),
    )


def _is_active(policy: Described, alarms: Sequence[Described], state: GroupState) -> bool:
    """Return whether an alarm of *alarms* would have it act: neither is switched off."""
    acts = any(
        each.get("ActionsEnabled", True) and policy["PolicyARN"] in each.get("AlarmActions", ())
        for each in alarms
    )
    needed = {"AlarmNotification", _process(policy)}
    return acts and bool(policy.get("Enabled", True)) and not needed & set(state.suspended)


def _process(policy: Described) -> str:
    """Return the process of the group that the policy's act needs."""
    return "Terminate" if (_step(policy) or 0) < 0 else "Launch"


def _metric(alarm: Described, group: str) -> tuple[Metric | None, float]:
    """Return what *alarm* looks at, if a rule can name it: the mean of the group."""
    namespace = alarm.get("Namespace", "")
    found = _METRICS.get((namespace, alarm.get("MetricName", "")))
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", ())}
    is_its_own = namespace not in _OF_INSTANCES or dimensions.get("AutoScalingGroupName") == group
    if found is None or alarm.get("Statistic") != "Average" or not is_its_own:
        return None, 1.0
    return found


def _sustained(alarm: Described) -> timedelta | None:
    """Return how long it must be so until the alarm goes off: so many periods, or those that suffice."""
    periods = alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods")
    if not periods or not alarm.get("Period"):
        return None
    return timedelta(seconds=int(alarm["Period"]) * int(periods))


def _step(policy: Described) -> int | None:
    """Return how many instances it adds; None if that depends on something."""
    if policy.get("AdjustmentType") != "ChangeInCapacity":
        return None
    if policy["PolicyType"] == "SimpleScaling":
        return _whole(policy.get("ScalingAdjustment"))
    steps = {_whole(each["ScalingAdjustment"]) for each in policy.get("StepAdjustments", ())}
    return steps.pop() if len(steps) == 1 else None


def _offset(policy: Described, alarm: Described) -> float:
    """Return how far over the alarm's threshold the first step begins."""
    if policy["PolicyType"] != "StepScaling":
        return 0.0
    steps = policy.get("StepAdjustments", ())
    if alarm.get("ComparisonOperator") in _HIGH:
        return min((float(each.get("MetricIntervalLowerBound") or 0) for each in steps), default=0.0)
    return max((float(each.get("MetricIntervalUpperBound") or 0) for each in steps), default=0.0)


def _cool_down(policy: Described, state: GroupState) -> timedelta | None:
    """Return how long after an act there is no other: for steps, the time until an instance counts."""
    if policy["PolicyType"] == "SimpleScaling":
        return timedelta(seconds=_whole(policy.get("Cooldown")) or state.cool_down)
    warm_up = _whole(policy.get("EstimatedInstanceWarmup"))
    return None if warm_up is None else timedelta(seconds=warm_up)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
