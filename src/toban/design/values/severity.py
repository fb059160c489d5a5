"""Levels of alerts and incidents: 異常 (Critical), 警告, P1, High, SEV-2, 重大."""

from enum import StrEnum


class AlertLevel(StrEnum):
    """The level of a notice; the value is its code, the document's own word stays in the clause."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class IncidentSeverity(StrEnum):
    """How grave an incident is, from CRITICAL down."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
