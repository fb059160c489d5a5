"""Chapter 10: people's recurring work against the public holidays."""

import re
from collections.abc import Iterator
from datetime import date

from toban.design.acts import differ, pairs
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.finding import FindingLevel
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite
from toban.design.values.schedule import Cadence
from toban.message import Message

# Daily and weekly work soon comes round again; a missed monthly task is missed for a month.
_RARE = (Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY)
_NO_FIXED_DAY = re.compile(r"(?i)月初|初旬|上旬|中旬|下旬|beginning|early")
_NAMED = 3


@rule("RT002", FindingLevel.WARNING)
def review_at_another_frequency(on: Inspection) -> Iterator[Remark]:
    """A review of another chapter is ordered at a different frequency than its recurring work."""
    for row, routine in pairs(on.design):
        # SC001 is about rows of one name.
        if isinstance(routine, Routine) and not isinstance(row, SecurityRoutine) and differ(row, routine):
            yield Remark.on(
                row,
                Message("design.task-at-two-frequencies", task=routine.name, lines=cite(routine)),
                Message("design.task-at-two-frequencies-hint"),
            )


@rule("RT001", FindingLevel.WARNING)
def rare_routine_falls_on_holidays(on: Inspection) -> Iterator[Remark]:
    """Monthly or rarer work of people falls on public holidays, and nothing names a replacement day."""
    for routine in on.of(Routine):
        if routine.schedule.cadence not in _RARE or routine.is_automatic or _works_on_holidays(on, routine):
            continue
        # 月初 is not a fixed day: the person doing the work picks a day.
        if routine.schedule.day is None or _NO_FIXED_DAY.search(routine.schedule.text):
            continue
        days = [day for day in _weekday_holidays(on) if on.is_due_on(routine.schedule, day)]
        if days:
            yield Remark.on(
                routine,
                Message(
                    "design.task-on-holidays",
                    task=routine.name,
                    schedule=routine.schedule.text,
                    days=_named(on, days),
                ),
                Message("design.task-on-holidays-hint"),
            )


def _weekday_holidays(on: Inspection) -> Iterator[date]:
    # A holiday on a weekend doesn't affect work planned for that weekend.
    return (day for day in on.holidays if day.weekday() < 5)


def _works_on_holidays(on: Inspection, routine: Routine) -> bool:
    if re.search(r"祝日|営業日|holiday", routine.text, re.IGNORECASE):
        return True
    return any(
        role.hours.includes_holidays for role in on.of(DutyRole) if role.hours and role.role == routine.owner
    )


def _named(on: Inspection, days: list[date]) -> tuple[Message, ...]:
    return tuple(Message("design.holiday-on", date=day, holiday=on.holidays[day]) for day in days[:_NAMED])
