"""How messages write values and cite rows, in the words of the document."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from toban.design.calendar import weekday
from toban.design.clauses.base import Clause


def number(value: Decimal) -> str:
    """Write a number without exponent or trailing zeros: 8.76, 100."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(length: timedelta) -> str:
    """Write a length of time in its largest fitting unit, rounded to one decimal at most: 43.8分, 24時間."""
    minutes = Decimal(length // timedelta(milliseconds=1)) / 60_000
    if minutes >= 60:
        return f"{_rounded(minutes / 60)}時間"
    if minutes >= 1:
        return f"{_rounded(minutes)}分"
    return f"{_rounded(minutes * 60)}秒"


def _rounded(value: Decimal) -> str:
    digits = Decimal("0.01") if value < 10 else Decimal("0.1")
    return number(value.quantize(digits))


def cite(*clauses: Clause) -> str:
    """Cite rows by line, runs of neighbours as a range: 30〜37行目."""
    return f"{_ranges(sorted({clause.origin.line for clause in clauses}))}行目"


def _ranges(lines: list[int]) -> str:
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return "、".join(f"{run[0]}〜{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def cite_lines(lines: Iterable[int]) -> str:
    """Cite rows by their line numbers."""
    return f"{_ranges(sorted(set(lines)))}行目"


def dates(days: Iterable[date], limit: int = 3) -> str:
    """Name the first days: 2027-05-03(月)、…"""
    return "、".join(f"{day.isoformat()}({weekday(day)})" for day in list(days)[:limit])
