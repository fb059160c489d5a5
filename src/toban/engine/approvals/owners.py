"""Owners of accounts are told that the password which somebody gave them was used: by whom, they know.

See docs/adr/0046: from then on whoever gave it can't use the account unnoticed.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from toban.engine.approvals.holders import people_of
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import folded
from toban.engine.notify.signal import PERSONAL, Condition, Signal
from toban.engine.people.models import Operator
from toban.engine.state.question import Question
from toban.message import NOTHING, Message

_DAY = timedelta(days=1)


def _untold() -> QuerySet[Operator]:
    chosen = Operator.objects.filter(is_active=True, must_change_password=False, password_told_at=None)
    return chosen.exclude(password_set_at=None)


_ANY_UNTOLD = Question(lambda: _untold().values_list("pk")[:1])


def tell_owners(edition: Edition, now: datetime) -> None:
    """Tell those in whose account a new password was chosen with a given one; note who was told."""
    for account in _untold() if _ANY_UNTOLD.finds() else ():
        people = people_of(edition, account)
        if account.password_setters and people:
            _tell(account, people, edition, now)


def _tell(account: Operator, people: Sequence[str], edition: Edition, now: datetime) -> None:
    today = now.astimezone(edition.bindings.system.zone).date()
    keys = [_key(account, day) for day in (today - _DAY, today)]
    told_at = _told_at(keys, people, edition)
    if told_at is None:
        # Again each day: what no channel could deliver is given up, and people get other addresses.
        alerts.tell([_signal(account, keys[-1], people, edition, now)], now, edition.design.digest)
        return
    # Not if another password was given meanwhile.
    same = Operator.objects.filter(pk=account.pk, lockouts=account.lockouts)
    same.update(password_told_at=told_at)


def _key(account: Operator, day: date) -> str:
    # Each password that is given locks out, too: no two have the same key.
    return f"approvals/password/{account.pk}/{account.lockouts}/{day}"


def _told_at(keys: Sequence[str], people: Sequence[str], edition: Edition) -> datetime | None:
    """Return when a notification about one of *keys* was delivered to one of *people*."""
    names = set(map(folded, people))
    addresses = {edition.bindings.people[each].email for each in people} - {""}
    sent = Delivery.objects.filter(announcement__alerts__key__in=keys, state=Delivery.State.DELIVERED)
    for each in sent.order_by("settled_at"):
        if names & set(map(folded, each.recipients)) or addresses & set(each.addresses):
            return each.settled_at
    return None


def _signal(account: Operator, key: str, people: Sequence[str], edition: Edition, now: datetime) -> Signal:
    chosen_at = account.password_changed_at or now
    givers = Operator.objects.filter(pk__in=account.password_setters).order_by("username")
    return Signal(
        key=key,
        clause_id="",
        citation=edition.design.document,
        clause_text="",
        condition=Condition.INFO,
        subject=Message("approvals.password-of", account=account.username),
        value=Message(
            "approvals.password-chosen",
            at=chosen_at.astimezone(edition.bindings.system.zone),
            by=list(givers.values_list("username", flat=True)),
        ),
        limit=NOTHING,
        began_at=chosen_at,
        detected_at=now,
        advice=Message("approvals.did-you-choose-it", account=account.username),
        # Without an item: nothing silences it.
        labels={PERSONAL: "yes"},
        people=tuple(people),
    )
