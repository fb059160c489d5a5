"""Whether a row's new times collide with those of other rows, over the coming year. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from toban.design.clauses.base import Clause
from toban.design.diff import ClauseChange, title
from toban.engine.calendar.agenda import Agenda, agenda
from toban.engine.calendar.due import schedules_of
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.question import Hindsight
from toban.message import Message, listing

_YEAR = timedelta(days=364)
"""Whole weeks: every day of the week is equally often in them."""
_NAMED = 5

type Meetings = Counter[str]
"""Clause id of another row → how often both overlap."""


@dataclass(frozen=True)
class Collisions:
    """What overlaps in the calendars of both editions."""

    old: Edition
    new: Edition
    now: datetime

    def of(self, change: ClauseChange) -> Iterator[Hindsight]:
        """Yield how often the changed times of a row overlap with another row's, before and after."""
        before, after = (tuple(schedules_of(each)) if each else () for each in (change.old, change.new))
        if before == after or change.new is None:
            return
        was = _meetings(self._before, change.old) if change.old is not None else Counter[str]()
        will = _meetings(self._after, change.new)
        rows = {clause.id: clause for clause in self.new.design.clauses}
        named = [title(rows[other]) for other, _ in will.most_common(_NAMED)]
        code = "hindsight.collides" if will else "hindsight.collides-never"
        said = Message(code, count=will.total(), former=was.total(), rows=listing(named))
        yield Hindsight(
            "collisions",
            (said,),
            {"days": _YEAR.days, "old": dict(was), "new": dict(will)},
            is_adverse=will.total() > was.total(),
        )

    @cached_property
    def _before(self) -> Agenda:
        return _year(self.old, self.now)

    @cached_property
    def _after(self) -> Agenda:
        return _year(self.new, self.now)


def _year(edition: Edition, now: datetime) -> Agenda:
    system = edition.bindings.system
    first = now.astimezone(system.zone).date() + timedelta(days=1)
    return agenda(edition.design, system, first, first + _YEAR - timedelta(days=1))


def _meetings(found: Agenda, clause: Clause) -> Meetings:
    entries = (entry for day in found.days for entry in day.entries if entry.clause.id == clause.id)
    return Counter(other for entry in entries for other in entry.meets)
