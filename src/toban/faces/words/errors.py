"""Words for errors: the state of each, and how its week went. The same on page and terminal."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from toban.chapters.errors.models import ErrorGroup
from toban.chapters.errors.reviewing.review import ErrorTrend
from toban.chapters.errors.rules import ErrorState

FRESH = timedelta(days=1)
"""How long an error is called new."""


class ErrorStatus(StrEnum):
    """The state of an error, as people see it; what needs attention comes first."""

    NEW = "new"
    REGRESSED = "regressed"
    OPEN = "open"
    RESOLVED = "resolved"
    IGNORED = "ignored"

    @property
    def mark(self) -> str:
        """Its shape, so that nobody depends on colours."""
        return _MARKS[self]

    @property
    def word(self) -> str:
        """Its word in the active language."""
        return str(_WORDS[self])


_MARKS: Mapping[ErrorStatus, str] = {
    ErrorStatus.NEW: "■",
    ErrorStatus.REGRESSED: "◆",
    ErrorStatus.OPEN: "▲",
    ErrorStatus.RESOLVED: "●",
    ErrorStatus.IGNORED: "○",
}
_WORDS: Mapping[ErrorStatus, Promise] = {
    ErrorStatus.NEW: gettext_lazy("新しい"),
    ErrorStatus.REGRESSED: gettext_lazy("再発"),
    ErrorStatus.OPEN: gettext_lazy("未解決"),
    ErrorStatus.RESOLVED: gettext_lazy("解決済み"),
    ErrorStatus.IGNORED: gettext_lazy("無視中"),
}
TRENDS: Mapping[ErrorTrend, Promise] = {
    ErrorTrend.NEW: gettext_lazy("新規"),
    ErrorTrend.BACK: gettext_lazy("再発"),
    ErrorTrend.GROWS: gettext_lazy("増加"),
    ErrorTrend.STAYS: gettext_lazy("変化なし"),
    ErrorTrend.SHRINKS: gettext_lazy("減少"),
    ErrorTrend.GONE: gettext_lazy("発生なし"),
}


def standing(group: ErrorGroup, now: datetime) -> ErrorStatus:
    """Return the state of *group* at *now*."""
    if group.state != ErrorState.OPEN:
        return ErrorStatus(group.state)
    if group.regressed_at is not None:
        return ErrorStatus.REGRESSED
    return ErrorStatus.NEW if group.first_seen >= now - FRESH else ErrorStatus.OPEN
