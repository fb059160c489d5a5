"""What is found about a row. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is found about a row."""

    verdict: Verdict
    reason: Message
    value: Message = NOTHING
    next_due: datetime | None = None
    proof: Mapping[str, object] = field(default_factory=dict)
    """JSON values that an auditor can check."""
