"""How findings write values and cite rows."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from toban.design.calendar import weekday_name
from toban.design.clauses.base import Clause
from toban.message import Message


def number(value: Decimal) -> str:
    """Write a number without exponent or trailing zeros: 8.76, 100."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(length: timedelta) -> Message:
    """Write a length of time in its largest fitting unit, rounded to one decimal at most: 43.8分, 24時間."""
    minutes = Decimal(length // timedelta(milliseconds=1)) / 60_000
    if minutes >= 60:
        return Message("common.hours", count=_rounded(minutes / 60))
    if minutes >= 1:
        return Message("common.minutes", count=_rounded(minutes))
    return Message("common.seconds", count=_rounded(minutes * 60))


def _rounded(value: Decimal) -> str:
    digits = Decimal("0.01") if value < 10 else Decimal("0.1")
    return number(value.quantize(digits))


def cite(*clauses: Clause) -> Message:
    """Cite rows by line, runs of neighbours as a range: 30〜37行目, lines 30-37."""
    return cite_lines(clause.origin.line for clause in clauses)


def cite_lines(lines: Iterable[int]) -> Message:
    """Cite rows by their line numbers."""
    numbers = sorted(set(lines))
    return Message("design.lines", lines=_ranges(numbers), count=len(numbers))


def _ranges(lines: list[int]) -> list[int | Message]:
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return [
        Message("design.line-range", first=run[0], last=run[-1]) if len(run) > 1 else run[0] for run in runs
    ]


def dates(days: Iterable[date], limit: int = 3) -> list[Message]:
    """Name the first days: 2027-05-03(月)、…"""
    return [Message("design.date", date=day, weekday=weekday_name(day)) for day in list(days)[:limit]]
