"""The outbox of changes for programs: which channel gets which changes, and what is sent of each.

Level-triggered: a cursor for each channel says up to which change it was considered. The ledger's numbers
have no gaps and become visible in their order, so no change is passed over, and none is posted twice.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Case, QuerySet

from toban.engine.changes.models import Change
from toban.engine.changes.query import TellingChange
from toban.engine.evidence.ledger import head
from toban.engine.notify.delivery.attempts import Outbox
from toban.engine.notify.delivery.channel import TakesChanges
from toban.engine.notify.delivery.notice import ChangeNotice
from toban.engine.notify.models import ChangeCursor, ChangePosting

GIVE_UP = timedelta(days=3)
"""A program that was away for a weekend still gets to know what changed."""
_ALIKE = Case(default=0)
"""No change is more urgent than another."""
_AT_ONCE = 200


def post(wanted: Mapping[str, Collection[str]], languages: Mapping[str, str], now: datetime) -> int:
    """Post to each channel in *wanted* the changes of its kinds that it has not got; return how many.

    A channel that is new gets what changes from now on. *languages*: channel → its language.
    """
    others = ChangeCursor.objects.exclude(channel__in=wanted)
    # Nearly always there are none: then no lock is taken.
    if others.exists():
        others.delete()
    return sum(_to(channel, kinds, languages[channel], now) for channel, kinds in wanted.items())


def change_notice(posting: ChangePosting) -> ChangeNotice:
    """Return what is sent of a change."""
    change = posting.change
    facts, entry = TellingChange(change).facts, change.entry
    base = settings.PUBLIC_URL.rstrip("/")
    return ChangeNotice(
        key=posting.key,
        entry=change.pk,
        kind=facts.kind,
        at=change.at,
        recorded_at=entry.at,
        by=change.actor,
        what=facts.said,
        details=facts.details,
        note=facts.note,
        clause_id=entry.clause_id,
        about=facts.about,
        url=facts.url,
        page=f"{base}/changes/#change-{change.pk}" if base else "",
        language=posting.language,
    )


def _to(channel: str, kinds: Collection[str], language: str, now: datetime) -> int:
    with transaction.atomic():
        last = head()
        ChangeCursor.objects.get_or_create(channel=channel, defaults={"entry": last.sequence if last else 0})
        cursor = ChangeCursor.objects.select_for_update().get(channel=channel)
        found = list(Change.objects.filter(entry__gt=cursor.entry).order_by("entry")[:_AT_ONCE])
        if not found:
            return 0
        postings = [
            ChangePosting(
                change=each,
                key=uuid4().hex,
                channel=channel,
                language=language,
                created_at=now,
                next_at=now,
            )
            for each in found
            if each.kind in kinds
        ]
        ChangePosting.objects.bulk_create(postings, batch_size=50)
        cursor.entry = found[-1].pk
        cursor.save(update_fields=["entry"])
    return len(postings)


def _in_turn(postings: QuerySet[ChangePosting]) -> QuerySet[ChangePosting]:
    """Keep all: the number of its entry says which change was later."""
    return postings


def _send(posting: ChangePosting, channel: TakesChanges) -> str:
    return channel.send_change(change_notice(posting))


def _ended(_posting: ChangePosting, _now: datetime) -> None:
    """Record nothing more: what changed is evidence already, and the posting says whom it reached."""


CHANGES = Outbox[ChangePosting, TakesChanges](
    model=ChangePosting,
    needs=("change__entry",),
    in_turn=_in_turn,
    urgency=_ALIKE,
    send=_send,
    ended=_ended,
    give_up=GIVE_UP,
)
