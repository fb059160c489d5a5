"""Whether anything may be announced since the last whole look: the loop looks twice a second, mostly in vain.

A whole look reads and locks a lot more. Whatever could change its result leaves a trace here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Exists, QuerySet

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.engine.notify.deciding import digests, snapshot
from toban.engine.notify.delivery.attempts import Outbox
from toban.engine.notify.delivery.posts import OUTBOXES
from toban.engine.notify.duty.handover import Handover, handovers
from toban.engine.notify.duty.overrides import with_those_on_duty
from toban.engine.notify.models import Posting
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.state.question import Question

WHOLE = timedelta(seconds=15)
"""How often all is looked at in any case: statuses grow old, and a clock may have been set back."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What the result of a whole look follows from, as far as it changes while an edition is in force."""

    at: datetime
    is_due: bool
    """An alert is due for another look or is over, a digest has come, or a notification is on its way."""
    newest: tuple[int | None, ...]
    """The newest posting of each outbox."""
    handed_over: tuple[Handover, ...]
    on_duty: Mapping[str, Sequence[str]]


def read(design: Design, contacts: Contacts, now: datetime) -> Traces:
    """Read the traces at *now*; every query is answered by an index."""
    rules = design.of(NotificationRule)
    postings = [_Postings(*(each.first() or ())) for each in _POSTINGS]
    return Traces(
        at=now,
        is_due=any(each.is_under_way for each in postings)
        or snapshot.are_due(now)
        or digests.are_due(rules, contacts.calendar, now),
        newest=tuple(each.newest for each in postings),
        handed_over=tuple(handovers(design, contacts, now)),
        on_duty=with_those_on_duty(design, contacts, now).on_duty,
    )


class _Postings(NamedTuple):
    newest: int | None = None
    is_under_way: bool = False


def _newest(outbox: Outbox[Any, Any]) -> QuerySet[Posting, Any]:
    rows: QuerySet[Posting] = outbox.model._default_manager.all()  # noqa: SLF001 - Django's own name for it
    return rows.order_by("-pk").values_list("pk", Exists(rows.filter(state=Posting.State.WAITING)))[:1]


_POSTINGS = [Question(partial(_newest, each)) for each in OUTBOXES]


def asks_for_whole_look(last: Traces | None, current: Traces) -> bool:
    """Return whether *current* could give another result than the whole look after *last*."""
    if last is None or current.is_due or last.is_due:
        return True
    # "abs": the clock may have been set back since.
    if abs(current.at - last.at) >= WHOLE:
        return True
    seen = (last.newest, last.handed_over, last.on_duty)
    return seen != (current.newest, current.handed_over, current.on_duty)
