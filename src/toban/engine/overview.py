"""What an extension says of itself on the first screen: its figures, and what people must do today. Pure.

Words are Japanese texts with their values apart; the page and the terminal say them in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.said import Said


@dataclass(frozen=True, slots=True)
class RowStatus:
    """What is known of a row."""

    verdict: Verdict
    value: str
    """As it is on record."""
    since: datetime
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the rows of an edition at one moment."""

    now: datetime
    rows: Mapping[str, RowStatus]
    """By clause id; a row of which nothing has been said yet is missing."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A small drawing: values from *start* to *end*, between *low* and *high*."""

    points: tuple[tuple[datetime, float], ...]
    """Empty where nothing was measured yet."""
    start: datetime
    end: datetime
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figure:
    """An entry of the top bar; one with a trend has a place of its own on the first screen."""

    link: Link
    """Where it leads; its label names the figure."""
    value: Said
    detail: Said
    verdict: Verdict | None = None
    """None for a figure that nothing judges."""
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something that a person must do today."""

    subject: Said
    link: Link
    """Where it is done; its label says what is to be done."""
    at: datetime | None
    """Since when it waits, or when it is due; None: any time today."""
    clause_id: str = ""
    """The row that orders it."""
    verdict: Verdict | None = None
    """How bad it is; None where nothing is wrong yet."""
    assignee: str = ""
    """Whose it is, in the document's words; empty where it names nobody."""
    holder: str = ""
    """Who has taken it; empty: nobody."""
