"""When clean-ups come again: every so many days, or on a day of the month. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from toban.chapters.capacity.forecasting.jumps import Jump
from toban.chapters.capacity.forecasting.series import Flags

REGULAR = 0.7
"""The share of clean-ups that must follow the rhythm: one or two may be missed, late or not recognised."""
TOLERANCE = 0.1
"""By how much of itself an interval may differ."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Either of the two is set."""

    every: int | None = None
    """Days from one clean-up to the next."""
    day_of_month: int | None = None

    def expected(self, last: date, start: date, days: int) -> Flags:
        """Return on which of the *days* from *start* on a clean-up is expected, *last* being the last one."""
        if self.day_of_month is not None:
            dates = (start + timedelta(days=number) for number in range(days))
            return np.array([each.day == self.day_of_month for each in dates], dtype=bool)
        since = (start - last).days + np.arange(days)
        return (since % self.every == 0) & (since > 0) if self.every else np.zeros(days, dtype=bool)


def rhythm(clean_ups: Sequence[Jump], first: date) -> Rhythm | None:
    """Return the rhythm of *clean_ups*, whose days are numbered from *first* on; None if they have none."""
    if len(clean_ups) < 3:
        return None
    days_of_month = [(first + timedelta(days=each.at)).day for each in clean_ups]
    usual = max(days_of_month, key=days_of_month.count)
    if days_of_month.count(usual) >= REGULAR * len(clean_ups):
        return Rhythm(day_of_month=usual)
    intervals = np.array([after.at - before.at for before, after in pairwise(clean_ups)])
    every = int(np.median(intervals))
    regular = np.abs(intervals - every) <= max(1.0, TOLERANCE * every)
    return Rhythm(every=every) if np.mean(regular) >= REGULAR else None
