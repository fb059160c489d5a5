"""Days on which a company is closed: every year (12-29..01-03) or once (2026-08-13)."""

import re
from dataclasses import dataclass
from datetime import date

_WRITTEN = re.compile(r"(?P<first>(?:\d{4}-)?\d{2}-\d{2})(?:\.\.(?P<last>(?:\d{4}-)?\d{2}-\d{2}))?")
_LEAP_YEAR = 2000
"""A leap year has every day that any year may have."""


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """A range of days, both ends included; a yearly one may cross the end of the year."""

    first: date
    last: date
    is_yearly: bool
    """Whether it recurs every year; the years of `first` and `last` are then ignored."""

    def has(self, day: date) -> bool:
        """Say whether *day* is one of them."""
        if not self.is_yearly:
            return self.first <= day <= self.last
        first, last, asked = ((each.month, each.day) for each in (self.first, self.last, day))
        if first <= last:
            return first <= asked <= last
        return asked >= first or asked <= last

    def __str__(self) -> str:
        form = "%m-%d" if self.is_yearly else "%Y-%m-%d"
        ends = dict.fromkeys(each.strftime(form) for each in (self.first, self.last))
        return "..".join(ends)


def read_closed_days(text: str) -> ClosedDays | None:
    """Read "12-29..01-03", "08-15", "2026-08-13" or "2026-08-13..2026-08-15"; None for anything else."""
    match = _WRITTEN.fullmatch("".join(text.split()))
    if match is None:
        return None
    words = (match["first"], match["last"] or match["first"])
    yearly = [len(each) == len("mm-dd") for each in words]
    try:
        first, last = (
            date.fromisoformat(f"{_LEAP_YEAR}-{each}" if of_every else each)
            for each, of_every in zip(words, yearly, strict=True)
        )
    except ValueError:
        return None
    if yearly[0] is not yearly[1] or (not yearly[0] and last < first):
        return None
    return ClosedDays(first, last, yearly[0])
