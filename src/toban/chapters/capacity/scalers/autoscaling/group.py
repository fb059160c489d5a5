"""What Auto Scaling says about one group, and what it is told.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from toban.chapters.capacity.scaler import ScalingFailed
from toban.chapters.capacity.scalers.autoscaling.config import AutoScalingGroup
from toban.engine import aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import NOTHING, Message, message_of

RIGHTS = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScheduledActions",
    "cloudwatch:DescribeAlarms",
)
_BUSY = frozenset(("ScalingActivityInProgress", "ResourceContention"))
"""Codes of refusals that pass once what is under way has ended."""
_TIMEOUT, _ATTEMPTS = 10.0, 5
_NEWEST = 20
"""Activities that are looked at."""
_AWAY = ("Terminat", "EnteringStandby", "Standby", "Detach")
"""How the states begin in which an instance is no part of the group's capacity."""
_DENIED = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))


@dataclass(frozen=True, slots=True)
class GroupState:
    """An Auto Scaling group at a moment, in units of its capacity: instances, unless they have weights."""

    desired: int
    serving: int
    """In service and healthy."""
    present: int
    """All that are there or come, but not those that end or are set aside."""
    least: int
    most: int
    suspended: Collection[str]
    """Processes that somebody has stopped: `Launch`, `AlarmNotification`."""
    cool_down: int
    """Seconds, of policies that state none."""
    is_deleted: bool


class AwsGroup:
    """One group; asked when somebody asks. Everything raises `ScalingFailed`."""

    def __init__(self, config: AutoScalingGroup) -> None:
        self._config = config
        self._made: dict[str, Any] = {}

    def state(self) -> GroupState:
        """Return how the group is now."""
        name = self._config.group
        with faults("Auto Scaling"):
            client = self._client("autoscaling")
            found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if not found:
            said = Message("capacity-scalers.no-such-group", name=name, region=self._config.region)
            raise ScalingFailed(said, hint=Message("capacity-scalers.check-group-and-region"))
        return state_of(found[0])

    def order(self, to: int) -> bool:
        """Set the desired capacity; return whether AWS has taken it, or first ends what is under way."""
        with faults("Auto Scaling"):
            client = self._client("autoscaling")
            try:
                client.set_desired_capacity(
                    AutoScalingGroupName=self._config.group, DesiredCapacity=to, HonorCooldown=False
                )
            except ClientError as error:
                if aws.code_of(error) in _BUSY:
                    return False
                raise
        return True

    def failures(self) -> Mapping[str, str]:
        """Return the newest activities that failed, the newest first: id → AWS's own reason."""
        with faults("Auto Scaling"):
            answer = self._client("autoscaling").describe_scaling_activities(
                AutoScalingGroupName=self._config.group, MaxRecords=_NEWEST
            )
        return {
            each["ActivityId"]: each.get("StatusMessage") or each["Cause"]
            for each in answer["Activities"]
            if each["StatusCode"] == "Failed"
        }

    def policies(self) -> Sequence[Mapping[str, Any]]:
        """Return the group's policies."""
        return self._pages("autoscaling", "describe_policies", "ScalingPolicies", self._of_group)

    def scheduled(self) -> Sequence[Mapping[str, Any]]:
        """Return the actions that AWS performs at a time."""
        named = "ScheduledUpdateGroupActions"
        return self._pages("autoscaling", "describe_scheduled_actions", named, self._of_group)

    def alarms(self, policy_arn: str) -> Sequence[Mapping[str, Any]]:
        """Return the alarms that have the policy act."""
        return self._pages("cloudwatch", "describe_alarms", "MetricAlarms", {"ActionPrefix": policy_arn})

    def close(self) -> None:
        """Close the connections."""
        for client in self._made.values():
            client.close()
        self._made.clear()

    @property
    def _of_group(self) -> Mapping[str, str]:
        return {"AutoScalingGroupName": self._config.group}

    def _pages(
        self, service: str, operation: str, key: str, asked: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        with faults(service):
            pages = self._client(service).get_paginator(operation).paginate(**asked)
            return [each for page in pages for each in page[key]]

    def _client(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = aws.client(service, self._config, read_timeout=_TIMEOUT, attempts=_ATTEMPTS)
        return self._made[service]


@contextmanager
def faults(service: str) -> Iterator[None]:
    """Raise AWS's refusals as `ScalingFailed`."""
    try:
        yield
    except SecretUnavailable as missing:
        raise ScalingFailed(message_of(missing)) from missing
    except aws.FAULTS as error:
        fault = aws.fault_of(error, service)
        hint = NOTHING
        if fault.passes:
            hint = Message("capacity-scalers.tried-again-later")
        elif isinstance(error, ClientError) and aws.code_of(error) in _DENIED:
            hint = Message("capacity-scalers.allow-actions", actions=RIGHTS)
        raise ScalingFailed(fault.words, hint=hint, retry=fault.passes) from error


def state_of(group: Mapping[str, Any]) -> GroupState:
    """Return what the answer of DescribeAutoScalingGroups says. Pure."""
    there = [each for each in group["Instances"] if not each["LifecycleState"].startswith(_AWAY)]
    serving = [
        each
        for each in there
        if each["LifecycleState"] == "InService" and each["HealthStatus"].lower() == "healthy"
    ]
    return GroupState(
        desired=int(group["DesiredCapacity"]),
        serving=sum(map(_weight, serving)),
        present=sum(map(_weight, there)),
        least=int(group["MinSize"]),
        most=int(group["MaxSize"]),
        suspended=frozenset(each["ProcessName"] for each in group.get("SuspendedProcesses", ())),
        cool_down=int(group.get("DefaultCooldown", 0)),
        # Set while it is being deleted only.
        is_deleted=bool(group.get("Status")),
    )


def _weight(instance: Mapping[str, Any]) -> int:
    return int(instance.get("WeightedCapacity") or 1)
