"""Swaps: the one asks, the other agrees or refuses. Each is one transaction, audited, and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.engine.approvals.answers import Giver
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import alerts
from toban.engine.notify.signal import PERSONAL, Condition, Signal
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.tasks.models import Swap, SwapLeg
from toban.engine.tasks.swaps.occurrences import TaskOccurrence, upcoming
from toban.engine.tasks.telling import page
from toban.message import NOTHING, Message
from toban.text import storable_text

_MOST_ASKED = 20
"""So many swaps one account may have asked for that nobody has answered."""


@dataclass(frozen=True, slots=True)
class SwapOrder:
    """Who orders something about a swap."""

    by: Giver
    edition: Edition
    parts: Parts


def ask(order: SwapOrder, mine: str, theirs: str, reason: str, now: datetime) -> Swap:
    """Ask whoever has the task with the code *theirs* to take *mine* for it; see `TaskOccurrence.code`.

    Raises `NotPossible` if the one is not the asker's, or the other is nobody else's.
    """
    if not reason.strip():
        raise NotPossible(Message("tasks.reason-missing"), Message("tasks.write-a-remark"))
    with transaction.atomic():
        now = ledger.turn(now)
        account = _account(order)
        found = {each.code: each for each in upcoming(order.edition, order.parts, now)}
        given, taken = found.get(mine), found.get(theirs)
        if given is None or given.account != account:
            raise NotPossible(Message("tasks.swap-not-yours"), Message("tasks.swap-see-list"))
        if taken is None or taken.account == account:
            raise NotPossible(Message("tasks.swap-not-theirs"), Message("tasks.swap-see-list"))
        _require_new(account, given, taken)
        swap = Swap.objects.create(
            asker=account,
            asker_person=given.person,
            answerer=taken.account,
            answerer_person=taken.person,
            reason=storable_text(reason.strip()),
            asked_at=now,
        )
        _add_leg(swap, given, taken)
        _add_leg(swap, taken, given)
        _record("ask-swap", swap, order, now)
        _tell(swap, "asked", taken.person, Message("tasks.swap-asked", by=given.person), order, now)
    return swap


def agree(order: SwapOrder, number: int, now: datetime) -> Swap:
    """Agree to the swap *number*: from now on each task is the other's.

    Raises `NotPossible` if somebody else was asked, or one of the tasks is over or another's since.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        swap = _asked(number, _account(order), "answerer")
        there = {
            (each.work, each.due_at, each.person): each.account.pk
            for each in upcoming(order.edition, order.parts, now)
        }
        for leg in swap.legs.all():
            giver = swap.asker_id if leg.taker_id == swap.answerer_id else swap.answerer_id
            if there.get((leg.work, leg.due_at, leg.giver_person)) != giver or not leg.stands:
                raise NotPossible(
                    Message("tasks.swap-is-stale", name=leg.name), Message("tasks.swap-ask-anew")
                )
        _close(swap, Swap.State.AGREED, now)
        _record("agree-to-swap", swap, order, now)
        _tell(swap, "agreed", swap.asker_person, Message("tasks.swap-agreed"), order, now)
    return swap


def refuse(order: SwapOrder, number: int, now: datetime) -> Swap:
    """Refuse the swap *number*; raise `NotPossible` if somebody else was asked."""
    with transaction.atomic():
        now = ledger.turn(now)
        swap = _asked(number, _account(order), "answerer")
        _close(swap, Swap.State.REFUSED, now)
        _record("refuse-swap", swap, order, now)
        _tell(swap, "refused", swap.asker_person, Message("tasks.swap-refused"), order, now)
    return swap


def withdraw(order: SwapOrder, number: int, now: datetime) -> Swap:
    """Take back the question; raise `NotPossible` if it is somebody else's, or answered."""
    with transaction.atomic():
        now = ledger.turn(now)
        swap = _asked(number, _account(order), "asker")
        _close(swap, Swap.State.WITHDRAWN, now)
        _record("withdraw-swap", swap, order, now)
    return swap


def asked_of(account: Operator) -> Sequence[Swap]:
    """Return the swaps that wait for the answer of *account*, or that it has asked for."""
    found = Swap.objects.filter(state=Swap.State.ASKED).prefetch_related("legs")
    mine = found.filter(answerer=account) | found.filter(asker=account)
    return list(mine.order_by("pk"))


def _account(order: SwapOrder) -> Operator:
    """Return the account, read again: it may have been deactivated since the page was opened."""
    given = order.by.account
    found = Operator.objects.filter(pk=given.pk, is_active=True).first() if given is not None else None
    if found is None:
        raise NotPossible(Message("tasks.name-an-account"))
    return found


def _require_new(account: Operator, given: TaskOccurrence, taken: TaskOccurrence) -> None:
    asked = Swap.objects.filter(asker=account, state=Swap.State.ASKED)
    if asked.count() >= _MOST_ASKED:
        raise NotPossible(Message("tasks.swap-too-many", count=_MOST_ASKED))
    same = asked.filter(legs__work=given.work, legs__due_at=given.due_at)
    if same.filter(answerer=taken.account).exists():
        raise NotPossible(Message("tasks.swap-is-asked"), Message("tasks.swap-see-list"))


def _add_leg(swap: Swap, given: TaskOccurrence, other: TaskOccurrence) -> None:
    SwapLeg.objects.create(
        swap=swap,
        work=given.work,
        due_at=given.due_at,
        name=given.name,
        clause_id=given.clause_id,
        giver_person=given.person,
        taker=other.account,
        taker_person=other.person,
        lockouts=given.account.lockouts,
        deputy_id=given.deputy,
    )


def _asked(number: int, account: Operator, whose: str) -> Swap:
    """Return the open swap *number*, locked, if *account* is its *whose*; the caller holds the ledger."""
    found = Swap.objects.select_for_update().filter(pk=number, state=Swap.State.ASKED).first()
    # Others learn nothing of it, not even that it is there.
    if found is None or getattr(found, f"{whose}_id") != account.pk:
        raise NotPossible(Message("tasks.swap-not-asked", number=number), Message("tasks.swap-see-list"))
    return found


def _close(swap: Swap, state: Swap.State, now: datetime) -> None:
    swap.state, swap.answered_at = state, now
    swap.save(update_fields=["state", "answered_at"])


def _record(order: str, swap: Swap, by: SwapOrder, now: datetime) -> None:
    legs = [
        {
            "work": leg.work,
            "due": leg.due_at.isoformat(),
            "from": leg.giver_person,
            "to": leg.taker_person,
        }
        for leg in swap.legs.order_by("pk")
    ]
    content: Mapping[str, object] = {
        "order": order,
        "swap": swap.pk,
        "legs": legs,
        "said": swap.reason,
        "via": by.by.via,
        **({"shell_user": by.by.shell_user} if by.by.shell_user else {}),
    }
    first = swap.legs.order_by("pk").first()
    record = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        content,
        actor=by.by.name[:150],
        clause_id=first.clause_id if first is not None else "",
        document_digest=by.edition.design.digest,
    )
    ledger.append(record, now=now)


def _tell(swap: Swap, what: str, person: str, said: Message, order: SwapOrder, now: datetime) -> None:
    zone = order.edition.bindings.system.zone
    given, taken = (
        Message("tasks.swap-leg", name=leg.name, due=leg.due_at.astimezone(zone), person=leg.taker_person)
        for leg in swap.legs.order_by("pk")
    )
    first = swap.legs.order_by("pk")[0]
    row = next((each for each in order.edition.design.clauses if each.id == first.clause_id), None)
    signal = Signal(
        key=f"tasks/swap/{swap.pk}/{what}",
        clause_id=first.clause_id,
        citation=str(row.origin) if row is not None else order.edition.design.document,
        clause_text=row.text if row is not None else "",
        condition=Condition.INFO,
        subject=Message("tasks.swap-subject", number=swap.pk),
        value=Message("tasks.swap-told", said=said, given=given, taken=taken, reason=swap.reason),
        limit=NOTHING,
        began_at=now,
        detected_at=now,
        advice=Message("tasks.swap-on-page", url=f"{page()}swaps/"),
        labels={"item": "task", PERSONAL: "yes"},
        people=(person,),
    )
    alerts.tell([signal], now, order.edition.design.digest)
