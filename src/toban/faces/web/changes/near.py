"""What changed around something that another page shows, and the same as marks on its chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse

from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, around, found, told
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.logs.choice import written
from toban.faces.web.charts import ChartMark, Tone
from toban.faces.words import verdicts as words

_LISTED = 20
_NAMED = 12
"""Marks that say what changed and who did it: with more, they say only of which kind it is."""
_MARKED = 100
_LONGEST = 32
_OF_THE_SYSTEM = frozenset(
    {
        ChangeKind.DOCUMENT,
        ChangeKind.SETTINGS,
        ChangeKind.RELEASE,
        ChangeKind.ROLLBACK,
        ChangeKind.SCALING,
        ChangeKind.REMEDY,
        ChangeKind.PATCH,
        ChangeKind.DATA,
    }
)
"""What changes the system itself, and not how people deal with it."""


@dataclass(frozen=True, slots=True)
class ChangesNear:
    """The newest changes about something in a period, and where all of them are."""

    changes: Sequence[TellingChange]
    """The newest first."""
    address: str
    end: datetime
    zone: ZoneInfo

    @property
    def listed(self) -> Sequence[TellingChange]:
        """Those that another page lists."""
        return self.changes[:_LISTED]

    @property
    def has_more(self) -> bool:
        """Whether there are more than it lists."""
        return len(self.changes) > _LISTED

    @property
    def marks(self) -> Sequence[ChartMark]:
        """The same for a chart, the oldest first."""
        oldest = self.changes[::-1]
        if len(oldest) > _NAMED:
            return [_mark(each, str(each.facts.kind.word)) for each in oldest]
        return [
            _mark(each, _named(each), words.clock(each.change.at, self.end, self.zone)) for each in oldest
        ]


def near(edition: Edition, names: Sequence[str], start: datetime, end: datetime) -> ChangesNear:
    """Return what changed about *names* from *start* to *end*; about anything if there are none."""
    asked = ChangeSearch(about=around(edition, *names), since=start, until=end)
    zone = edition.bindings.system.zone
    query = {"about": next(iter(names), ""), "from": written(start, zone), "to": written(end, zone)}
    address = urlencode({name: value for name, value in query.items() if value})
    return ChangesNear(told(found(asked)[:_MARKED]), f"{reverse('changes')}?{address}", end, zone)


def is_manager(user: object) -> bool:
    """Return whether changes of accounts are shown to *user*."""
    return isinstance(user, Operator) and user.operator_role == OperatorRole.MANAGER


def _named(told: TellingChange) -> str:
    who, what = told.change.actor, str(told.facts.said)
    return f"{what if len(what) <= _LONGEST else what[: _LONGEST - 1] + '…'} ({who})"


def _mark(told: TellingChange, name: str, said: str = "") -> ChartMark:
    tone = Tone.ACCENT if told.facts.kind in _OF_THE_SYSTEM else Tone.FAINT
    return ChartMark(name, tone, told.change.at, said=said)
