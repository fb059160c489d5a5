"""What changed in the system when a service began to cost more or less: by the change ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.cost.spending.jumps import CostJump
from toban.chapters.cost.spending.money import shown
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, found, told
from toban.message import NOTHING, Message, sentences

_DAY = timedelta(days=1)
_KINDS = (
    ChangeKind.RELEASE,
    ChangeKind.ROLLBACK,
    ChangeKind.SCALING,
    ChangeKind.SETTINGS,
    ChangeKind.DOCUMENT,
    ChangeKind.REMEDY,
    ChangeKind.PATCH,
    ChangeKind.DATA,
)
"""What may make a system cost more."""
_MOST = 3


@dataclass(frozen=True, slots=True)
class ExplainedJump:
    """A jump, and what changed when it began."""

    jump: CostJump
    currency: str
    changes: Sequence[TellingChange]
    """Of the day on which it began and the one before, the newest first."""

    @property
    def said(self) -> Message:
        """The jump in words, with what changed."""
        jump = self.jump
        common = {
            "service": jump.service,
            "on": f"{jump.on:%Y-%m-%d}",
            "change": f"{'+' if jump.change > 0 else '−'}{shown(abs(jump.change), self.currency)}",
        }
        if jump.before <= 0:
            what = Message("cost.jump-new", **common)
        else:
            what = Message("cost.jump", **common, share=f"{jump.change / jump.before:+.0%}")
        return sentences(what, self._why)

    @property
    def _why(self) -> Message:
        if not self.changes:
            return Message("cost.jump-unexplained")
        newest = self.changes[0]
        more = len(self.changes) - 1
        said = Message("cost.jump-with", change=newest.facts.said, at=newest.change.at)
        return sentences(said, Message("cost.jump-and-more", count=more) if more else NOTHING)


def explained(jumps: Sequence[CostJump], currency: str, zone: ZoneInfo) -> Sequence[ExplainedJump]:
    """Return *jumps* with what changed when they began; *zone* is that of their days."""
    return [ExplainedJump(each, currency, _changes(each.on, zone)) for each in jumps]


def _changes(on: date, zone: ZoneInfo) -> Sequence[TellingChange]:
    since = datetime.combine(on - _DAY, time(0), zone)
    asked = ChangeSearch(since=since, until=since + 2 * _DAY, kinds=_KINDS)
    return told(found(asked)[:_MOST])
