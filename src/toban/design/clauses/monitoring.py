"""Chapter 2, 監視: monitors, the notification matrix, tools."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration
from toban.design.values.metric import Metric
from toban.design.values.people import ChannelRef, Recipient
from toban.design.values.severity import AlertLevel, IncidentSeverity
from toban.design.values.threshold import Range, Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor(Clause):
    """A thing watched on a target, with its normal range and thresholds."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "monitor"

    target: str
    """The document's word for what is watched (Webサーバー); empty when the table names none."""
    item: str
    """The document's word for the measured thing (CPU使用率)."""
    metric: Metric | None
    """None: a thing Toban has no measure for yet."""
    normal: Range | None
    warning: Threshold | None
    critical: Threshold | None
    interval: Duration | None
    response: str = ""
    """対応, アクション: what the row orders people to do."""
    recipients: tuple[Recipient, ...] = ()
    """Where the row itself names who is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRule(Clause):
    """One row of the notification matrix: who is told of a level, how, how soon."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "notification-rule"

    level: AlertLevel | IncidentSeverity
    level_name: str
    recipients: tuple[Recipient, ...]
    channels: tuple[ChannelRef, ...]
    timing: str
    """即時, 30分以内 as written."""
    within: Duration | None = None
    """None with an immediate timing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice(Clause):
    """Which tools the document names for a purpose."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "tool-choice"

    purpose: str
    tools: tuple[str, ...]
