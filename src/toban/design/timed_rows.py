"""Which rows say a time, or depend on which days people work. Pure."""

from collections.abc import Iterator
from dataclasses import fields

from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.design.values.hours import Hours
from toban.design.values.schedule import NthBusinessDay, Schedule


def timed(design: Design) -> tuple[Clause, ...]:
    """Return the rows with a clock time that names no zone of its own."""
    return tuple(row for row in design.clauses if any(map(_is_timed, _values(row))))


def on_business_days(design: Design) -> tuple[Clause, ...]:
    """Return the rows for which it matters whether a day is a public holiday."""
    return tuple(row for row in design.clauses if any(map(_minds_holidays, _values(row))))


def _values(row: Clause) -> Iterator[object]:
    for field in fields(row):
        value = getattr(row, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            yield from each.each if isinstance(each, Schedule) else (each,)


def _is_timed(value: object) -> bool:
    if isinstance(value, Hours):
        return not value.is_always
    return isinstance(value, Schedule) and value.at is not None and not value.zone


def _minds_holidays(value: object) -> bool:
    match value:
        case Hours():
            return not value.includes_holidays or value.adds_holidays
        case Duration():
            return value.is_business
        case Schedule():
            on_nth = isinstance(value.day, NthBusinessDay)
            return value.skips_holidays or value.day_off is not None or on_nth
        case _:
            return False
