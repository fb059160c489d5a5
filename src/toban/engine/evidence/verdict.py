"""The verdicts on a clause. Silence is never green: no data is NOT_MEASURABLE, never CONFORMING."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """How reality compares with a clause; the order is the page's "worst first"."""

    DEVIATING = "deviating"
    """逸脱"""
    NOT_PERFORMED = "not-performed"
    """未実施"""
    WARNING = "warning"
    """警告"""
    NOT_MEASURABLE = "not-measurable"
    """測定不能: it should be measured now, and is not"""
    BETWEEN = "between"
    """注意域: neither normal nor a warning"""
    UNBOUND = "unbound"
    """未接続: somebody can bind it, and the reason says how"""
    NOT_DUE = "not-due"
    """期限前: not due yet, or no occasion yet"""
    CONFORMING = "conforming"
    """適合"""
    DECLARED = "declared"
    """宣言のみ: there is nothing to act on or to measure here, and the reason says why"""

    @property
    def mark(self) -> str:
        """The symbol that needs no colour: the same on pages, in the terminal and in notifications."""
        return _MARKS[self]


FIRING: Sequence[Verdict] = (Verdict.DEVIATING, Verdict.NOT_PERFORMED, Verdict.WARNING)
"""The verdicts that require action now."""

QUIET: Sequence[Verdict] = (Verdict.NOT_DUE, Verdict.CONFORMING, Verdict.DECLARED)
"""The verdicts that ask nothing of anybody."""

AGELESS: Sequence[Verdict] = (Verdict.NOT_MEASURABLE, Verdict.UNBOUND, Verdict.DECLARED)
"""The verdicts that no passing of time makes wrong: they claim nothing about reality."""


class Judged(Protocol):
    """Whatever a verdict was given on."""

    @property
    def verdict(self) -> Verdict:
        """The verdict."""


def worst[Each: Judged](found: Iterable[Each]) -> Each | None:
    """Return the first of those in *found* whose verdict is the worst; None if there are none."""
    return min(found, key=lambda each: _ORDER.index(each.verdict), default=None)


_ORDER = tuple(Verdict)
_MARKS = {
    Verdict.DEVIATING: "■",
    Verdict.NOT_PERFORMED: "◆",
    Verdict.WARNING: "▲",
    Verdict.NOT_MEASURABLE: "?",
    Verdict.BETWEEN: "△",
    Verdict.UNBOUND: "○",
    Verdict.NOT_DUE: "◇",
    Verdict.CONFORMING: "●",
    Verdict.DECLARED: "–",
}
