"""Service and duty hours: 24時間365日, 平日9:00-18:00, 24/7."""

from dataclasses import dataclass
from datetime import time

from toban.design.values.schedule import Weekday

EVERY_DAY = tuple(Weekday)
WORKING_DAYS = EVERY_DAY[:5]


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a week in which somebody is reachable or a service runs."""

    weekdays: tuple[Weekday, ...] = EVERY_DAY
    start: time = time(0)
    end: time = time(0)
    """Equal to `start` means the whole day; before it, the next day."""
    includes_holidays: bool = True
    """False for 平日: public holidays are no working days."""

    @property
    def is_always(self) -> bool:
        """Whether this is 24時間365日."""
        return self.start == self.end and self.weekdays == EVERY_DAY and self.includes_holidays
