"""EC2 instances that are running and have certain tags, such as those of Auto Scaling.

Needs the permission `ec2:DescribeInstances`:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toban.chapters.monitoring.discoveries.ec2.config import Ec2Config
from toban.chapters.monitoring.discovery import DiscoveredHost, Undiscovered, checked
from toban.engine import aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import message_of

_ATTEMPTS = 2
_VALUES = {
    "id": "InstanceId",
    "private_ip": "PrivateIpAddress",
    "private_dns": "PrivateDnsName",
    "public_ip": "PublicIpAddress",
    "public_dns": "PublicDnsName",
    "type": "InstanceType",
}


class Ec2Discovery:
    """The running instances of one region with the given tags."""

    def __init__(self, config: Ec2Config) -> None:
        self._config = config

    @property
    def place(self) -> str:
        return f"ec2 {' '.join(f'{key}={value}' for key, value in self._config.tags.items())}"

    def look(self) -> Sequence[DiscoveredHost]:
        """Fetch all pages; if one is refused, the whole answer is: half a list is worse than none."""
        try:
            client = aws.client("ec2", self._config, read_timeout=self._config.timeout, attempts=_ATTEMPTS)
            try:
                return checked([_host(each) for each in self._instances(client)])
            finally:
                client.close()
        except SecretUnavailable as error:
            raise Undiscovered(message_of(error)) from error
        except aws.FAULTS as error:
            raise Undiscovered(aws.fault_of(error, "EC2").words) from error

    def _instances(self, client: Any) -> Iterator[Mapping[str, Any]]:
        # An instance that is shutting down doesn't count: Auto Scaling terminates it on purpose.
        filters = [{"Name": "instance-state-name", "Values": ["running"]}]
        filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in self._config.tags.items()]
        for page in client.get_paginator("describe_instances").paginate(Filters=filters):
            for reservation in page["Reservations"]:
                yield from reservation["Instances"]


def _host(instance: Mapping[str, Any]) -> DiscoveredHost:
    """Tags are values too, named `tag_` and the tag's name; in a fleet, many instances share one Name tag."""
    tags = {each["Key"]: each["Value"] for each in instance.get("Tags", ())}
    name = "/".join(filter(None, (tags.get("Name"), instance["InstanceId"])))
    values = {key: str(instance[field]) for key, field in _VALUES.items() if instance.get(field)}
    values |= {f"tag_{re.sub(r'\W', '_', key)}": value for key, value in tags.items()}
    zone = instance.get("Placement", {}).get("AvailabilityZone", "")
    return DiscoveredHost(name, {**values, "name": name, "zone": zone})
