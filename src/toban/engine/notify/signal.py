"""What a chapter tells the pipeline: the present state of one thing that may need announcing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toban.design.values.severity import AlertLevel


class Condition(StrEnum):
    """The state of what a signal is about."""

    OK = "ok"
    INFO = "info"
    """Worth knowing, and nothing is wrong: only the matrix's 情報 row hears of it."""
    WARNING = "warning"
    CRITICAL = "critical"
    NO_DATA = "no-data"
    """A state of its own: it raises its own notice and resolves nothing."""


WHOLE_TARGET = "whole_target"
"""The label of a signal whose condition all instances of the target share, as far as its row looks."""

EVENT = "event"
"""The label of an alert that is told once and has no recovery."""


@dataclass(frozen=True, slots=True)
class Signal:
    """The condition of one (clause, target), as a chapter sees it now; reporting it again is harmless."""

    key: str
    """Identity of the alert: clause id, and the instance where the clause covers several."""
    clause_id: str
    citation: str
    clause_text: str
    condition: Condition
    subject: str
    """What it is about, in the document's words: `APIサーバー CPU使用率`."""
    value: str
    """The measured value in words: `92.4%`; the reason when there is no data."""
    limit: str
    """The limit that was reached, in words: `異常 85%以上`; empty when OK."""
    began_at: datetime
    """When the first measurement in this condition was made."""
    detected_at: datetime
    """When Toban decided."""
    advice: str = ""
    """What the document says to do next."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What silences and muting know it by: `target`, `item`, `instance`, `WHOLE_TARGET`, where it applies."""
    people: tuple[str, ...] = ()
    """Who is notified besides the matrix' recipients: names of `[people]`."""


LEVEL_OF: dict[Condition, AlertLevel] = {
    Condition.INFO: AlertLevel.INFO,
    Condition.WARNING: AlertLevel.WARNING,
    Condition.CRITICAL: AlertLevel.CRITICAL,
    Condition.NO_DATA: AlertLevel.WARNING,
}
