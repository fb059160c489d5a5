"""Chapter 9, キャパシティ管理: usage, forecast, scaling."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.quantity import Quantity
from toban.design.values.schedule import Schedule
from toban.design.values.threshold import Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUsage(Clause):
    """A resource, what is used, what there is, when it is extended."""

    chapter: ClassVar[Chapter] = Chapter.CAPACITY
    kind: ClassVar[str] = "resource-usage"

    resource: str
    used: Quantity | None
    limit: Quantity | None
    utilisation: Quantity | None
    extend_at: Threshold | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReview(Clause):
    """How use is reviewed and forecast."""

    chapter: ClassVar[Chapter] = Chapter.CAPACITY
    kind: ClassVar[str] = "capacity-review"

    content: str
    schedule: Schedule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingRule(Clause):
    """What triggers scaling, and what is done."""

    chapter: ClassVar[Chapter] = Chapter.CAPACITY
    kind: ClassVar[str] = "scaling-rule"

    trigger: Threshold | None
    trigger_text: str
    action: str
    timing: str
    is_automatic: bool
