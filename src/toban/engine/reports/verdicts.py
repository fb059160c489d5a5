"""The verdicts of a row in a month, as values. See `history`. Pure."""

from dataclasses import dataclass
from datetime import datetime

from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class RowHistory:
    """The verdicts of a row in a month."""

    verdict: Verdict
    """The last one that is known to hold at the month's end, or now."""
    since: datetime | None = None
    value: Message = NOTHING
    reason: Message = NOTHING
    troubles: int = 0
    """How often it began to require action: a deviation, something not performed, a warning."""
    lapses: int = 0
    """How often nobody renewed its judgement in time."""


NOT_JUDGED = RowHistory(Verdict.NOT_MEASURABLE)
"""Of a row about which the evidence says nothing until the end of the month."""
