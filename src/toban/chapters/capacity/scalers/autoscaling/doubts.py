"""What would keep an Auto Scaling group from being scaled, as far as it can be seen without doing it."""

from collections.abc import Iterator

from toban.chapters.capacity.scaler import ScalingFailed
from toban.chapters.capacity.scalers.autoscaling.config import AutoScalingGroup
from toban.chapters.capacity.scalers.autoscaling.group import AwsGroup
from toban.chapters.capacity.scalers.autoscaling.scaler import require, stopped_for
from toban.engine.trial import Doubt
from toban.message import Message

_NO_DATA = "INSUFFICIENT_DATA"


def doubts(config: AutoScalingGroup) -> Iterator[Doubt]:
    """Yield what is wrong about the group, its alarms and what else changes its size; changes nothing."""
    group = AwsGroup(config)
    try:
        if config.by == "toban":
            yield from _own(group, config)
        else:
            yield from _providers(group, config)
    except ScalingFailed as failed:
        yield failed.doubt
    finally:
        group.close()


def _own(group: AwsGroup, config: AutoScalingGroup) -> Iterator[Doubt]:
    state = group.state()
    if config.most is not None and config.most > state.most:
        said = Message(
            "capacity-scalers.group-allows-less", name=config.group, most=state.most, to=config.most
        )
        yield said, Message("capacity-scalers.change-the-sizes")
    require(state, state.desired, config.group)
    if stopped := stopped_for(state, state.present + 1):
        said = Message("capacity-scalers.suspended", name=config.group, processes=stopped)
        yield said, Message("capacity-scalers.resume", name=config.group)
    group.failures()
    for each in group.scheduled():
        if each.get("DesiredCapacity") is not None and "ScheduledActions" not in state.suspended:
            said = Message(
                "capacity-scalers.scheduled",
                name=each["ScheduledActionName"],
                size=each["DesiredCapacity"],
                when=each.get("Recurrence") or each.get("StartTime") or "",
            )
            yield said, Message("capacity-scalers.leave-the-size-to-one")


def _providers(group: AwsGroup, config: AutoScalingGroup) -> Iterator[Doubt]:
    """Yield the alarms of the provider's policies that see nothing: they never have it act."""
    for policy in group.policies():
        for alarm in group.alarms(policy["PolicyARN"]):
            if alarm.get("StateValue") == _NO_DATA:
                said = Message(
                    "capacity-scalers.alarm-sees-nothing",
                    alarm=alarm["AlarmName"],
                    policy=policy["PolicyName"],
                    group=config.group,
                )
                yield said, Message("capacity-scalers.look-at-the-metric")
