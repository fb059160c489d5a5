"""Times of day: 2:00, 02:00 AM, 9時半, 24:00."""

import re
from datetime import time

CLOCK = r"(?P<hour>2[0-4]|[01]?\d)(?::(?P<minute>[0-5]\d)|時(?:(?P<kanji_minute>[0-5]?\d)分|(?P<half>半))?)?(?: ?(?P<half_day>[ap]m)\b)?"
"""A time of day's pattern; match it on `plain` text, ignoring case; an hour alone also matches."""


def clock_of(match: re.Match[str], prefix: str = "") -> time | None:
    """Return the time in a match of `CLOCK`, midnight for 24:00; None if there is no such time.

    AM or PM with an hour over 12 (02:00 AM, 14:00 PM) is a slip and is ignored.
    """
    hour = int(match[f"{prefix}hour"])
    minute = int(
        match[f"{prefix}minute"] or match[f"{prefix}kanji_minute"] or (30 if match[f"{prefix}half"] else 0)
    )
    half_day = (match[f"{prefix}half_day"] or "").lower()
    if half_day == "pm" and hour < 12:
        hour += 12
    if half_day == "am" and hour == 12:
        hour = 0
    if hour == 24:
        return time(0) if minute == 0 else None
    return time(hour, minute)
