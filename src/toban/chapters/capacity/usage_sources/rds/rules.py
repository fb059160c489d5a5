"""What the free storage of an instance says about its past. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from toban.chapters.capacity.usage import UsageAt

_LEAST_GROWTH = 0.08
"""RDS grows a volume by a tenth or more, which is a little less as a share of the size after."""
_DAYS_OF_A_STEP = 2
"""A volume that grows during a day raises that day's mean in part, and the next one's in full."""


def used_in_the_past(free: Mapping[datetime, float], allocated: float) -> Sequence[UsageAt]:
    """Return how much was used on each day, as far back as the volume certainly had its size of now.

    CloudWatch knows only what was free. Where much more became free within a day, the volume may have grown:
    what was used before that can't be told, as it can't be told from a large clean-up.
    """
    days = sorted(free)
    first = 0
    for position, day in enumerate(days):
        before = [free[each] for each in days[max(position - _DAYS_OF_A_STEP, 0) : position]]
        if before and free[day] - min(before) >= allocated * _LEAST_GROWTH:
            first = position
    # More free than there is room: the volume was larger, before it was made again.
    return [UsageAt(day, allocated - free[day]) for day in days[first:] if free[day] <= allocated]
