"""When something happens: 日次 深夜2:00, 毎月第2日曜日 2:00-4:00, 月末23:00, 1時間毎, 四半期毎, 随時."""

from toban.design.values.schedule.reading import join_schedule, read_schedule, read_schedules
from toban.design.values.schedule.rule import (
    Cadence,
    DayOff,
    DayOfMonth,
    DayRule,
    NthBusinessDay,
    NthWeekday,
    Schedule,
    Weekday,
    together,
)

__all__ = [
    "Cadence",
    "DayOfMonth",
    "DayOff",
    "DayRule",
    "NthBusinessDay",
    "NthWeekday",
    "Schedule",
    "Weekday",
    "join_schedule",
    "read_schedule",
    "read_schedules",
    "together",
]
