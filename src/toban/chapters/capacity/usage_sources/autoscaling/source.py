"""What Auto Scaling says about one group.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.autoscaling.config import AutoScalingUsage
from toban.chapters.capacity.usage_sources.aws import AwsClients, faults
from toban.engine.trial import Doubt
from toban.message import Message

_RIGHTS = ("autoscaling:DescribeAutoScalingGroups",)
_SERVING = "InService"
_LAUNCHING = frozenset(("Launch", "AddToLoadBalancer"))
"""Processes without which no instance more comes into service."""


class AutoScalingSource:
    """One group."""

    def __init__(self, config: AutoScalingUsage) -> None:
        self._config = config
        self._clients = AwsClients(config, config.timeout)

    def measure(self, now: datetime) -> UsageReading:  # noqa: ARG002
        """Count the instances in service; see `UsageSource`."""
        group = self.described()
        zones: Counter[str] = Counter()
        for each in group["Instances"]:
            if each["LifecycleState"] == _SERVING:
                # A group with weights counts their capacity, and its limit does, too.
                zones[str(each["AvailabilityZone"])] += int(each.get("WeightedCapacity") or 1)
        parts = {zone: float(zones[zone]) for zone in sorted(zones)}
        return UsageReading(float(zones.total()), float(group["MaxSize"]), parts)

    def described(self) -> Mapping[str, Any]:
        """Return the group as AWS describes it; raise `UsageUnknown`."""
        name = self._config.group
        with faults("Auto Scaling", _RIGHTS):
            client = self._clients.of("autoscaling")
            found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if not found:
            said = Message("capacity-usage.no-such-group", name=name, region=self._config.region)
            raise UsageUnknown(said, hint=Message("capacity-usage.check-group-and-region"))
        group: Mapping[str, Any] = found[0]
        return group

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()


def doubts(config: AutoScalingUsage) -> Iterator[Doubt]:
    """Yield why the group would not grow, however much it is used."""
    source = AutoScalingSource(config)
    try:
        group = source.described()
    except UsageUnknown:
        # That it can't be measured is said by whoever measures it.
        return
    finally:
        source.close()
    stopped = sorted(
        str(each["ProcessName"])
        for each in group.get("SuspendedProcesses", ())
        if each["ProcessName"] in _LAUNCHING
    )
    if stopped:
        said = Message("capacity-usage.group-suspended", name=config.group, processes=stopped)
        yield said, Message("capacity-usage.resume-the-processes")
