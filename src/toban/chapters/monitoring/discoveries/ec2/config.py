"""Settings of a target's discovery with `kind = "ec2"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.model import DiscoveryBinding


class Ec2Config(AwsAccess, DiscoveryBinding):
    """`kind = "ec2"`: a region and tags; an instance must have all of the tags."""

    sample: ClassVar[Mapping[str, str]] = {
        "id": "i-0123456789abcdef0",
        "name": "web/i-0123456789abcdef0",
        "private_ip": "192.0.2.1",
        "private_dns": "ip-192-0-2-1.ec2.internal",
        "public_ip": "192.0.2.1",
        "public_dns": "ec2.example.com",
        "zone": "ap-northeast-1a",
    }

    tags: Mapping[str, str] = Field(min_length=1)
    timeout: float = Field(default=5.0, gt=0, le=10)
    """Seconds for each of two attempts."""
