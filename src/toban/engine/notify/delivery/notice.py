"""A notification about an alert, as text, with the clause that requires it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from toban.design.values.severity import AlertLevel


class NoticeKind(StrEnum):
    """Why the notification is sent."""

    FIRING = "firing"
    RECOVERED = "recovered"
    NO_DATA = "no-data"
    ACKNOWLEDGED = "acknowledged"
    """Somebody has acknowledged the alert."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One announcement to one recipient through one channel."""

    key: str
    """Idempotency key: the same for every attempt, so that a receiver can drop a duplicate."""
    alert_key: str
    """The same for an alert's firing and recovery (PagerDuty's `dedup_key`)."""
    kind: NoticeKind
    level: AlertLevel
    title: str
    """One line: what happened to which row (`■ 異常: APIサーバー CPU使用率 92%`)."""
    facts: tuple[tuple[str, str], ...]
    """Label and value pairs: measured value, threshold, since when, what to do next."""
    citation: str
    """The clause that requires the notification: `運用設計書.md:34`."""
    clause_text: str
    subject: str
    """What it is about, in the document's words: `APIサーバー CPU使用率`."""
    began_at: datetime
    """When the problem began: the same in every notification of an alert."""
    at: datetime
    url: str = ""
    """The clause's or alert's page, if the server knows its public address."""
    announcement: int = 0
    """Its number: a receiver's button refers by it to the alerts that somebody acknowledges."""
    reply_to: str = ""
    """The receiver's reference to the first notification of the same alert, where a thread begins."""
    ended_at: datetime | None = None
    """When the problem was over. Only for recoveries."""
