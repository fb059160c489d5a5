"""The port through which extensions say what a changed row would have done. See `HINDSIGHT`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from toban.design.clauses.base import Clause
from toban.design.diff import ClauseChange
from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port, Ports
from toban.message import Message

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry

LONGEST = 364
"""Days: the store keeps samples for a year."""


class OutOfTime(Exception):
    """The time for all answers is over; what was not looked at is said to be unknown."""


@dataclass(frozen=True, slots=True)
class HindsightSite:
    """Where the past is kept, and how long the search in it may take."""

    telemetry: "Telemetry"
    ports: Ports
    has_time: Callable[[], bool]

    def hurry(self) -> None:
        """Raise `OutOfTime` once the time is over; called before each step that takes long."""
        if not self.has_time():
            raise OutOfTime


@dataclass(frozen=True, slots=True, kw_only=True)
class HindsightQuestion:
    """What would this change of one row have done from `since` until `now`?"""

    change: ClauseChange
    old: Edition
    new: Edition
    since: datetime
    now: datetime
    site: HindsightSite

    @property
    def span(self) -> timedelta:
        """How far back it asks."""
        return self.now - self.since


@dataclass(frozen=True, slots=True)
class Hindsight:
    """One answer about a changed row."""

    about: str
    """Its name in JSON: `alerts`, `deleted`, `collisions`."""
    said: tuple[Message, ...]
    """What people read, each on one line."""
    values: Mapping[str, object] = field(default_factory=dict)
    """The same as JSON values."""
    is_adverse: bool = False
    """Whether it speaks against the change: somebody is woken, something is deleted or would not be kept."""
    is_failed: bool = False
    """Whether there is a past that could not be read: asking again may help."""

    def as_json(self) -> Mapping[str, object]:
        """Return it as JSON values."""
        said = [each.as_output() for each in self.said]
        return {"about": self.about, "adverse": self.is_adverse, "said": said, **self.values}


def unknown(about: str, why: Message, *, is_failed: bool = False) -> Hindsight:
    """Return the answer where there is no past to ask, which is never the same as "nothing happened"."""
    said = Message("hindsight.unknown", why=why)
    return Hindsight(about, (said,), {"unknown": why.as_output()}, is_failed=is_failed)


type Recall = Callable[[HindsightQuestion], Iterable[Hindsight]]
"""Answers by the very functions that judge the row live. Raises what the stores raise, and `OutOfTime`."""

HINDSIGHT: Port[Mapping[type[Clause], Recall]] = Port("hindsight")
"""Whoever keeps a past of a kind of clause answers for it."""
