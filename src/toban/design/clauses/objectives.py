"""Chapter 1, 運用方針: targets, duty roles, service hours, planned maintenance."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration
from toban.design.values.hours import Hours
from toban.design.values.metric import Metric
from toban.design.values.people import ChannelRef
from toban.design.values.schedule import Schedule
from toban.design.values.threshold import Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(Clause):
    """A target the service is held to (稼働率 99.9%)."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "objective"

    name: str
    metric: Metric | None
    target: Threshold
    allowed_downtime: Duration | None = None
    """Written beside an availability target: 年間ダウンタイム8.76時間以内."""
    period: str = ""
    """年間, 月間: what the target or the downtime is counted over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRole(Clause):
    """Who answers in which hours."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "duty-role"

    role: str
    holder: str
    """The name or number as written."""
    is_placeholder: bool
    hours: Hours | None
    channels: tuple[ChannelRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHours(Clause):
    """稼働時間: when the service is to be up."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "service-hours"

    hours: Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow(Clause):
    """計画メンテナンス: when it may be down."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "maintenance-window"

    schedule: Schedule
