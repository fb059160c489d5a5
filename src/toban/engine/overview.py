"""What an extension shows on the first screen: its figures, and what people must do today. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.message import Message


@dataclass(frozen=True, slots=True)
class RowStatus:
    """What is known about a row."""

    verdict: Verdict
    value: Message
    since: datetime
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class EditionStatus:
    """What is known about the rows of an edition at one moment."""

    now: datetime
    rows: Mapping[str, RowStatus]
    """By clause id; a row without a status yet is missing."""


@dataclass(frozen=True, slots=True)
class FigureTrend:
    """A small drawing: values from *start* to *end*, between *low* and *high*."""

    points: tuple[tuple[datetime, float], ...]
    """Empty if nothing has been measured yet."""
    start: datetime
    end: datetime
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OverviewFigure:
    """An entry of the top bar; one with a trend also has its own place on the first screen."""

    link: Link
    """Where it links to; the link's label names the figure."""
    value: Message
    detail: Message
    verdict: Verdict | None = None
    """None for a figure without a verdict."""
    trend: FigureTrend | None = None


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something that a person must do today."""

    subject: Message
    link: Link
    """Where to do it; the link's label says what to do."""
    at: datetime | None
    """Since when it has waited, or when it is due; None: any time today."""
    clause_id: str = ""
    """The row that requires it."""
    verdict: Verdict | None = None
    """How bad it is; None if nothing is wrong yet."""
    assignee: str = ""
    """Who must do it, in the document's words; empty if it names nobody."""
    holder: str = ""
    """Who has taken it; empty: nobody."""
