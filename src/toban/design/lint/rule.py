"""A lint rule: a pure function from a document and a day to remarks, under a permanent code."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import cast

from toban.design.calendar import BusinessCalendar, days_from, is_due_on
from toban.design.clauses.base import Clause
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.design.values.days_off.holidays import japanese_holidays
from toban.design.values.schedule import Schedule
from toban.message import Message

YEAR_AHEAD = 365
"""The number of days over which schedules are compared."""
_HOLIDAYS_AHEAD = timedelta(days=2 * 366)
"""Nobody plans further ahead."""


@dataclass(frozen=True)
class Inspection:
    """A document, the day it is inspected, and what several rules ask of both."""

    design: Design
    today: date

    def of[C: Clause](self, kind: type[C]) -> tuple[C, ...]:
        """Return the document's clauses of one type; rules ask for the same again for each row."""
        found = self._found.get(kind)
        if found is None:
            found = self._found[kind] = self.design.of(kind)
        return cast("tuple[C, ...]", found)

    @cached_property
    def _found(self) -> dict[type[Clause], tuple[Clause, ...]]:
        return {}

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Every heading, row, list entry and paragraph as one text, in document order."""
        return tuple(self.design.lines)

    @cached_property
    def holidays(self) -> Mapping[date, Message]:
        """The public holidays from today on that apply to the document, with their names.

        A document in Japanese follows Japan's holidays; for other languages they are unknown.
        """
        if self.design.language != "ja":
            return {}
        last = self.today + _HOLIDAYS_AHEAD
        known = japanese_holidays(range(self.today.year, last.year + 1))
        return {day: known[day] for day in sorted(known) if self.today <= day <= last}

    @cached_property
    def calendar(self) -> BusinessCalendar:
        """The business days: weekdays that are not public holidays; closing days are not in the document."""
        return BusinessCalendar(keeps_holidays=self.design.language == "ja")

    def is_due_on(self, schedule: Schedule, day: date) -> bool:
        """Say whether *schedule* falls on *day*."""
        return is_due_on(schedule, day, self.calendar)

    def due_days(self, schedule: Schedule) -> tuple[date, ...]:
        """Return the days of the coming year that *schedule* falls on."""
        return tuple(day for day in days_from(self.today, YEAR_AHEAD) if self.is_due_on(schedule, day))


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says about one place in the document."""

    origin: Origin
    quote: str
    message: Message
    hint: Message

    @classmethod
    def on(cls, clause: Clause, message: Message, hint: Message) -> "Remark":
        """Return a remark about *clause*, quoting it."""
        return cls(clause.origin, clause.text, message, hint)


type Judge = Callable[[Inspection], Iterator[Remark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with the code and level of everything that its function finds."""

    code: str
    level: FindingLevel
    judge: Judge

    def findings(self, inspection: Inspection) -> Iterator[Finding]:
        """Yield what the rule finds."""
        for remark in self.judge(inspection):
            yield Finding(self.code, self.level, remark.origin, remark.message, remark.quote, remark.hint)


def rule(code: str, level: FindingLevel) -> Callable[[Judge], Rule]:
    """Make a function a rule under *code*."""
    return lambda judge: Rule(code, level, judge)
