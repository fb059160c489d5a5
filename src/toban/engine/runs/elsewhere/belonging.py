"""Which due time a report from elsewhere is for. Pure.

A report says what has happened, but not for which due time: its own time decides that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_EARLY = timedelta(minutes=1)
"""How far the other host's clock may be ahead."""

_EARLY_PART = 10
"""The margin is at most a tenth of the time between two due times: some jobs run every minute."""


class ReportWord(StrEnum):
    """What a report says."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"
    LOG = "log"
    """Only text; no state changes."""


@dataclass(frozen=True, slots=True)
class Due:
    """A due time, and whether its run has already succeeded."""

    at: datetime
    is_done: bool = False


def due_of(
    word: ReportWord, at: datetime, *, previous: Due | None, upcoming: datetime | None, within: timedelta
) -> datetime | None:
    """Return the due time that a report at *at* is for, or None for a run outside the schedule.

    *previous* is the last due time up to *at*, or None if it was before the work was known. The newest report
    counts: a failure after a success, *within* the time for reports, is a failure of the same run; a start
    after a success is another run.
    """
    if upcoming is not None and upcoming - at <= _earliness(previous, upcoming):
        return upcoming
    if previous is None:
        return None
    if not previous.is_done or word in (ReportWord.SUCCESS, ReportWord.LOG):
        return previous.at
    is_in_time = at - previous.at <= within
    return previous.at if word is ReportWord.FAIL and is_in_time else None


def _earliness(previous: Due | None, upcoming: datetime) -> timedelta:
    return _EARLY if previous is None else min(_EARLY, (upcoming - previous.at) / _EARLY_PART)
