"""Words for errors: the state of each, and how its week went. The same on page and terminal."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from toban.chapters.errors.models import ErrorGroup
from toban.chapters.errors.review import Trend
from toban.chapters.errors.rules import State

FRESH = timedelta(days=1)
"""How long an error is called new."""


class Standing(StrEnum):
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


_MARKS: Mapping[Standing, str] = {
    Standing.NEW: "■",
    Standing.REGRESSED: "◆",
    Standing.OPEN: "▲",
    Standing.RESOLVED: "●",
    Standing.IGNORED: "○",
}
_WORDS: Mapping[Standing, Promise] = {
    Standing.NEW: gettext_lazy("新しい"),
    Standing.REGRESSED: gettext_lazy("再発"),
    Standing.OPEN: gettext_lazy("未解決"),
    Standing.RESOLVED: gettext_lazy("解決済み"),
    Standing.IGNORED: gettext_lazy("無視中"),
}
TRENDS: Mapping[Trend, Promise] = {
    Trend.NEW: gettext_lazy("新規"),
    Trend.BACK: gettext_lazy("再発"),
    Trend.GROWS: gettext_lazy("増加"),
    Trend.STAYS: gettext_lazy("変化なし"),
    Trend.SHRINKS: gettext_lazy("減少"),
    Trend.GONE: gettext_lazy("発生なし"),
}


def standing(group: ErrorGroup, now: datetime) -> Standing:
    """Return the state of *group* at *now*."""
    if group.state != State.OPEN:
        return Standing(group.state)
    if group.regressed_at is not None:
        return Standing.REGRESSED
    return Standing.NEW if group.first_seen >= now - FRESH else Standing.OPEN
