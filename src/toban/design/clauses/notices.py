"""Chapter 2, アラート通知: the notification matrix, as a table or as a list."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.shapes.shape import Cells, NotUnderstood, PlacedEntry, read_value, unreadable
from toban.design.values.duration import Duration, read_within
from toban.design.values.people import ChannelRef, Recipient, read_channels, read_recipients, read_ways
from toban.design.values.severity import (
    AlertLevel,
    IncidentSeverity,
    read_alert_level,
    read_incident_severity,
)
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRule(Clause):
    """One row of the notification matrix: who is notified of a level, how, and how soon."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "notification-rule"

    level: AlertLevel | IncidentSeverity
    level_name: str
    recipients: tuple[Recipient, ...]
    channels: tuple[ChannelRef, ...]
    timing: str
    """即時, 30分以内 as written."""
    within: Duration | None = None
    """None if the timing is immediate."""


_TIMING = re.compile(r"\s*[(（](?P<timing>即時|即座|すぐ|\d+\s*分以内)[)）]\s*$")
_LIST = re.compile(r"[、,]\s*")
_TOLD = re.compile(r"(?P<who>[^\s、へに]+)[へに](?P<way>\S.*)")


def rule_row(cells: Cells) -> NotificationRule:
    """Read a row such as 異常 | 運用責任者 | Slack、メール | 即時."""
    name = cells.required("level")
    timing = cells["timing"]
    if cells.has("definition") and cells.has("timing") and not cells.has("channels"):
        raise NotUnderstood(Message("design.severities-not-notifications"))
    return NotificationRule(
        **cells.stamp(NotificationRule, name),
        level=_level(name),
        level_name=name,
        recipients=read_recipients(cells["recipients"]) or (),
        channels=read_ways(cells["channels"]) or read_channels(cells["recipients"]) or (),
        timing=timing,
        within=read_within(timing) if timing else None,
    )


def rule_entry(entry: PlacedEntry) -> NotificationRule:
    """Read an entry such as 緊急（P1）: Slack + SMS + メール."""
    timing = _TIMING.search(entry.value)
    parts = _LIST.split(_TIMING.sub("", entry.value))
    told = [_TOLD.fullmatch(part) for part in parts]
    if any(told):
        ways = "、".join(found["way"] if found else part for found, part in zip(told, parts, strict=True))
        people = "、".join(found["who"] for found in told if found)
    else:
        ways, people = "、".join(parts), ""
    return NotificationRule(
        **entry.stamp(NotificationRule, entry.key),
        level=_level(entry.key),
        level_name=entry.key,
        recipients=read_recipients(people) or () if people else (),
        channels=read_value(
            ways if timing or people else entry.value,
            read_channels,
            label=entry.key,
            expected=Message("design.expected-channel"),
        ),
        timing=timing["timing"] if timing else "",
        within=read_within(timing["timing"]) if timing else None,
    )


def _level(name: str) -> AlertLevel | IncidentSeverity:
    level = read_alert_level(name)
    if level is not None:
        return level
    severity = read_incident_severity(name)
    if severity is None:
        raise unreadable(
            name,
            label=Message("design.field-level-name"),
            expected=Message("design.expected-notification-level"),
        )
    return severity
