"""The six verdicts on a clause. Silence is never green: no data is NOT_MEASURABLE, never CONFORMING."""

from collections.abc import Sequence
from enum import StrEnum


class Verdict(StrEnum):
    """How reality compares with a clause; the order is the page's "worst first"."""

    DEVIATING = "deviating"
    """逸脱"""
    NOT_PERFORMED = "not-performed"
    """未実施"""
    WARNING = "warning"
    """警告"""
    NOT_MEASURABLE = "not-measurable"
    """測定不能"""
    UNBOUND = "unbound"
    """未接続"""
    CONFORMING = "conforming"
    """適合"""

    @property
    def mark(self) -> str:
        """The symbol that needs no colour: the same on pages, in the terminal and in notifications."""
        return _MARKS[self]


FIRING: Sequence[Verdict] = (Verdict.DEVIATING, Verdict.NOT_PERFORMED, Verdict.WARNING)
"""The verdicts that require action now."""

_MARKS = {
    Verdict.DEVIATING: "■",
    Verdict.NOT_PERFORMED: "◆",
    Verdict.WARNING: "▲",
    Verdict.NOT_MEASURABLE: "?",
    Verdict.UNBOUND: "○",
    Verdict.CONFORMING: "●",
}
