"""Asks everybody who keeps a past about every changed row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from time import monotonic

from django.db import DatabaseError

from toban.design.diff import ClauseChange, compare
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.collisions import Collisions
from toban.engine.hindsight.question import (
    HINDSIGHT,
    Hindsight,
    HindsightQuestion,
    HindsightSite,
    OutOfTime,
    unknown,
)
from toban.engine.registry.ports import Ports
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import Message, message_of

MOST_ROWS = 100
"""A document with more changed rows is another document."""
_ROW = "row"


@dataclass(frozen=True, slots=True)
class RowHindsight:
    """A changed row, and all that is known about what the change would have done."""

    change: ClauseChange
    found: tuple[Hindsight, ...]

    @property
    def is_adverse(self) -> bool:
        """Whether anything speaks against the change."""
        return any(each.is_adverse for each in self.found)

    @property
    def said(self) -> tuple[Message, ...]:
        """All of it in words, each on one line."""
        return tuple(line for each in self.found for line in each.said)


@dataclass(frozen=True)
class PlanHindsight:
    """The look back on the change from *old* to *new*, from *since* until *now*."""

    old: Edition
    new: Edition
    since: datetime
    now: datetime
    site: HindsightSite

    @cached_property
    def rows(self) -> Sequence[RowHindsight]:
        """The answers for every changed row, in the order of the plan; none is left out."""
        changes = compare(self.old.design, self.new.design).changes
        return tuple(RowHindsight(each, tuple(self._of(each, n))) for n, each in enumerate(changes))

    @property
    def is_adverse(self) -> bool:
        """Whether anything speaks against a change."""
        return any(row.is_adverse for row in self.rows)

    @property
    def is_failed(self) -> bool:
        """Whether a part of the past could not be read."""
        return any(each.is_failed for row in self.rows for each in row.found)

    @property
    def days(self) -> int:
        """How far back it looks."""
        return round((self.now - self.since) / timedelta(days=1))

    @cached_property
    def _collisions(self) -> Collisions:
        return Collisions(self.old, self.new, self.now)

    def _of(self, change: ClauseChange, number: int) -> Iterator[Hindsight]:
        if number >= MOST_ROWS:
            yield unknown(_ROW, Message("hindsight.too-many-rows", most=MOST_ROWS), is_failed=True)
            return
        question = HindsightQuestion(
            change=change, old=self.old, new=self.new, since=self.since, now=self.now, site=self.site
        )
        try:
            found = list(self._told(question))
        except OutOfTime:
            found = [unknown(_ROW, Message("hindsight.out-of-time"), is_failed=True)]
        except (StoreUnavailable, StoreRefused, DatabaseError) as away:
            why = Message("hindsight.store-away", why=message_of(away))
            found = [unknown(_ROW, why, is_failed=True)]
        yield from found or [unknown(_ROW, Message("hindsight.no-past"))]

    def _told(self, question: HindsightQuestion) -> Iterator[Hindsight]:
        self.site.hurry()
        kind = type(question.change.clause)
        for recalls in self.site.ports.all(HINDSIGHT):
            if kind in recalls:
                yield from recalls[kind](question)
        yield from self._collisions.of(question.change)


def plan_hindsight(
    old: Edition,
    new: Edition,
    days: int,
    now: datetime,
    *,
    telemetry: Telemetry,
    ports: Ports,
    seconds: float,
) -> PlanHindsight:
    """Return the look back over *days*; what takes longer than *seconds* together is not known."""
    ends = monotonic() + seconds
    # Whole hours: the store is asked for these.
    since = (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    site = HindsightSite(telemetry, ports, lambda: monotonic() < ends)
    return PlanHindsight(old, new, since, now, site)
