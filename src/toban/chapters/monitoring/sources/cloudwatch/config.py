"""Settings of a target's source with `kind = "cloudwatch"`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Self

from pydantic import Field, model_validator

from toban.chapters.monitoring.sources.by_metric import ByMetric
from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length
from toban.message import Message

_MINUTE = timedelta(minutes=1)


class MetricConfig(Section):
    """A CloudWatch metric chosen by the operator."""

    namespace: str = Field(min_length=1, max_length=255)
    name: str = Field(min_length=1, max_length=255)
    dimensions: Mapping[str, str] = {}
    stat: str = "Average"
    factor: float = 1.0
    """Multiplies a value to give the unit of Toban's metric: 1000 from seconds to ms."""


class CloudWatchConfig(AwsAccess):
    """`kind = "cloudwatch"`: one EC2 instance, RDS instance or load balancer, or custom metrics."""

    example: ClassVar[Mapping[str, str]] = {"region": "ap-northeast-1", "ec2": "i-0123456789abcdef0"}

    ec2: str = Field(default="", pattern=r"^(i-[0-9a-f]{8,17})?$")
    rds: str = Field(default="", pattern=r"^([A-Za-z](-?[A-Za-z0-9])*)?$", max_length=63)
    alb: str = Field(default="", pattern=r"^(app/[A-Za-z0-9-]+/[0-9a-f]+)?$")
    """The end of its ARN: `app/shop/50dc6c495c0c9188`."""
    target_group: str = Field(default="", pattern=r"^(targetgroup/[A-Za-z0-9-]+/[0-9a-f]+)?$")
    """Of the load balancer: the target counts as up if the group has any healthy target."""
    metrics: ByMetric[MetricConfig] = Field(default_factory=dict)
    """Metric → the CloudWatch metric that provides it."""
    instance: str = ""
    """Its name for operators; empty: the resource's own name."""
    every: Length = Field(default=_MINUTE, ge=_MINUTE, validate_default=True)
    """How often to ask CloudWatch. Every query is charged per metric."""
    within: Length = Field(default=timedelta(minutes=10), ge=3 * _MINUTE)
    """The maximum age of the newest value: EC2's basic monitoring gives one every five minutes."""
    timeout: float = Field(default=5.0, gt=0, le=10)
    """Seconds for each of two attempts."""

    @model_validator(mode="after")
    def _one_resource(self) -> Self:
        resources = [each for each in (self.ec2, self.rds, self.alb) if each]
        if len(resources) > 1:
            raise invalid(Message("monitoring.one-aws-resource-only"))
        if not resources and not self.metrics:
            raise invalid(Message("monitoring.aws-resource-needed"))
        if self.target_group and not self.alb:
            raise invalid(Message("monitoring.target-group-needs-alb"))
        if not resources and not self.instance:
            raise invalid(Message("monitoring.instance-needed-for-metrics"))
        return self

    @property
    def place(self) -> str:
        """Its name for operators."""
        return self.instance or self.ec2 or self.rds or self.alb.split("/")[1]
