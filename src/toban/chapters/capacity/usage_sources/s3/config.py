"""The settings of `[resources.NAME]` with `kind = "s3"`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from toban.chapters.capacity.bindings import Every, ResourceBinding
from toban.engine.bindings.section import invalid
from toban.engine.stores.s3.config import BucketAddress
from toban.message import Message


class S3Usage(BucketAddress, ResourceBinding):
    """`kind = "s3"`: one bucket."""

    example: ClassVar[Mapping[str, str]] = {"bucket": "shop-images", "region": "ap-northeast-1"}

    every: Every = timedelta(hours=1)
    measured_by: Literal["", "cloudwatch", "listing"] = ""
    """Empty: by CloudWatch, once a day; a prefix, or the bucket of another server, is listed."""
    cloudwatch_endpoint: str = ""
    """Set for an endpoint of CloudWatch other than the region's."""
    prefix: str = Field(default="", max_length=1024)
    """Only objects whose keys begin with this."""
    most_objects: int = Field(default=100_000, ge=1, le=1_000_000)
    """A listing that comes to more is broken off: a thousand objects are one request."""
    timeout: float = Field(default=60.0, gt=0, le=300)
    """Seconds for the whole listing."""

    @model_validator(mode="after")
    def _can_be_counted(self) -> Self:
        if not self.is_listed and self.prefix:
            raise invalid(Message("capacity-usage.cloudwatch-knows-no-prefix"))
        if not self.is_listed and not self.region:
            raise invalid(Message("capacity-usage.region-needed"))
        return self

    @property
    def is_listed(self) -> bool:
        """Whether its objects are listed, and not counted by CloudWatch."""
        chosen = self.measured_by or ("listing" if self.endpoint or self.prefix else "cloudwatch")
        return chosen == "listing"
