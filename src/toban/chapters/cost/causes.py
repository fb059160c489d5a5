"""What changed in the system when a service began to cost more or less: by the change ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.cost.spending.jumps import CostJump
from toban.chapters.cost.spending.money import shown
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, found
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


@dataclass(frozen=True, slots=True)
class ExplainedJump:
    """A jump, and what changed when it began."""

    jump: CostJump
    currency: str
    newest: TellingChange | None
    """Of the changes on the day on which it began and the one before; None if there were none."""
    count: int
    """Of all of these changes."""

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
        if self.newest is None:
            return Message("cost.jump-unexplained")
        said = Message("cost.jump-with", change=self.newest.facts.said, at=self.newest.change.at)
        more = self.count - 1
        return sentences(said, Message("cost.jump-and-more", count=more) if more else NOTHING)


def explained(jumps: Sequence[CostJump], currency: str, zone: ZoneInfo) -> Sequence[ExplainedJump]:
    """Return *jumps* with what changed when they began; *zone* is that of their days."""
    return [_explained(each, currency, zone) for each in jumps]


def _explained(jump: CostJump, currency: str, zone: ZoneInfo) -> ExplainedJump:
    since = datetime.combine(jump.on - _DAY, time(0), zone)
    changes = found(ChangeSearch(since=since, until=since + 2 * _DAY, kinds=_KINDS))
    newest = changes.first()
    return ExplainedJump(jump, currency, TellingChange(newest) if newest else None, changes.count())
