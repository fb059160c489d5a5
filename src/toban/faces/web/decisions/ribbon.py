"""A row's verdicts of the last months as one ribbon. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from toban.engine.evidence.verdict import Verdict

LONG = timedelta(days=90)
WIDTH = 1000.0
"""Of the whole ribbon, in its own units."""


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A verdict, and since when it stood."""

    at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RibbonPiece:
    """A stretch under one verdict."""

    verdict: Verdict
    start: datetime
    end: datetime
    left: float
    width: float

    @property
    def length(self) -> timedelta:
        """How long it lasted, within the ribbon."""
        return self.end - self.start


def ribbon(changes: Sequence[VerdictChange], now: datetime) -> Sequence[RibbonPiece]:
    """Return the pieces of the last `LONG`, in order; *changes* are in order too, the last still stands.

    What was before the first change is left out: nobody had judged the row.
    """
    first = now - LONG
    found: list[RibbonPiece] = []
    for change, following in pairwise([*changes, VerdictChange(now, Verdict.DECLARED)]):
        start, end = max(change.at, first), min(following.at, now)
        if end <= start:
            continue
        if found and found[-1].verdict is change.verdict:
            start = found.pop().start
        left = (start - first) / LONG * WIDTH
        found.append(
            RibbonPiece(change.verdict, start, end, round(left, 1), round((end - start) / LONG * WIDTH, 1))
        )
    return found
