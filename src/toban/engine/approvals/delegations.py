"""Delegations: a holder of a role lets another account approve for a time. All audited."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from toban.engine.approvals.holders import Holder, account_of, holders_of
from toban.engine.approvals.identity import (
    appointers_of,
    identities_of,
    identity_of,
    is_self_made,
    numbers_behind,
)
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, Delegation
from toban.engine.approvals.rules import Ground, Identity, RequestState, checked_end
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty.roster import rosters
from toban.engine.notify.routing.contacts import folded
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.state.question import NOW, Question
from toban.message import NOTHING, Message
from toban.text import storable_text


def grounds_of(edition: Edition, role: str, account: Operator, now: datetime) -> Sequence[Ground]:
    """Return all grounds on which *account* may answer for *role* at *now*: its own, and delegated ones."""
    holders = holders_of(edition, role, now)
    own = [
        Ground(each.person, appointers_of(edition, each), deputy=each.deputy)
        for each in holders
        if each.account is not None and each.account.pk == account.pk
    ]
    return [*own, *_delegated(edition, role, account, holders, now)] if account.is_active else []


def _delegated(
    edition: Edition, role: str, account: Operator, holders: Sequence[Holder], now: datetime
) -> Sequence[Ground]:
    given = Delegation.objects.in_force(now).filter(taker=account).select_related("giver").order_by("pk")
    by_account = {
        each.account.pk: each for each in holders if each.account is not None and _may_give(edition, each)
    }
    return [
        Ground(
            each.taker_person,
            [*appointers_of(edition, holder), *identities_of(edition, each.makers)],
            identity_of(edition, each.giver),
            each.pk,
            holder.deputy,
        )
        for each in given
        if folded(each.role) == folded(role)
        and (holder := by_account.get(each.giver_id)) is not None
        and _is_still_taker(edition, each)
        and each.lockouts == each.giver.lockouts
    ]


def _is_still_taker(edition: Edition, delegation: Delegation) -> bool:
    """Return whether it was given to a person of `[people]` who has the same active account as then."""
    account = account_of(edition, delegation.taker_person)
    return account is not None and account.pk == delegation.taker_id


def _may_give(edition: Edition, holder: Holder) -> bool:
    """Return whether a holder may let others approve: one who made themselves a deputy can't either."""
    return holder.account is not None and not is_self_made(edition, holder)


def delegate(
    role: str,
    taker_person: str,
    reason: str,
    *,
    ends_at: datetime | None,
    by: Operator,
    edition: Edition,
    now: datetime,
    shell_user: str = "",
) -> Delegation:
    """Let *taker_person*, a name in `[people]`, approve for *role* in place of *by* until *ends_at*.

    What was delegated can't be delegated further: only who holds the role gives it. *shell_user* is the user
    of the operating system, for a command on the server: they take nothing that they give in another's name.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        end = checked_end(now, ends_at, reason)
        giver_person = _giving_as(edition, role, by, now)
        makers = numbers_behind(by, shell_user)
        giving = (identity_of(edition, by), *identities_of(edition, makers))
        made = Delegation.objects.create(
            role=role,
            giver=by,
            taker=_taker(edition, taker_person, giving),
            giver_person=giver_person,
            taker_person=taker_person,
            makers=[each for each in makers if each != by.pk],
            lockouts=by.lockouts,
            reason=storable_text(reason.strip()),
            starts_at=now,
            ends_at=end,
            made_at=now,
        )
        _audit("delegate", made, by.username, now, shell_user=shell_user)
    return made


def _giving_as(edition: Edition, role: str, by: Operator, now: datetime) -> str:
    """Return the name under which *by* holds *role* and delegates it; raise `NotPossible` if none."""
    holder = next((each for each in _giving(edition, role, now) if each.account == by), None)
    if holder is None:
        raise NotPossible(
            Message("approvals.not-yours-to-delegate", role=role), Message("approvals.holder-delegates")
        )
    return holder.person


def _taker(edition: Edition, person: str, giving: Iterable[Identity]) -> Operator:
    """Return the account of *person*, who is none of those that give; raise `NotPossible` without one."""
    taker = account_of(edition, person)
    if taker is None:
        raise NotPossible(
            Message("approvals.taker-without-account", person=person),
            Message("approvals.join-an-account", file=edition.bindings.file, person=person),
        )
    if any(map(identity_of(edition, taker).is_same_human, giving)):
        raise NotPossible(Message("approvals.delegated-to-oneself"), Message("approvals.choose-another"))
    return taker


def end_delegation(number: int, *, by: Operator, now: datetime, shell_user: str = "") -> Delegation:
    """End a delegation before its time: its giver may, its taker, and an operations manager."""
    with transaction.atomic():
        now = ledger.turn(now)
        found = Delegation.objects.select_for_update().unended(now).filter(pk=number).first()
        if found is None:
            raise NotPossible(Message("approvals.no-such-delegation", number=number))
        is_theirs = by.pk in (found.giver_id, found.taker_id)
        if not is_theirs and by.operator_role != OperatorRole.MANAGER:
            raise NotPossible(
                Message("approvals.not-your-delegation"), Message("approvals.giver-or-manager-ends")
            )
        _end(found, Message("approvals.ended-by", by=by.username), by.username, now, shell_user)
    return found


def roles_to_delegate(edition: Edition, account: Operator, now: datetime) -> Sequence[str]:
    """Return the roles of the document, or of open requests, that *account* holds now and may delegate."""
    known = [each.role for each in rosters(edition.design, edition.bindings.duty)]
    known += ApprovalRequest.objects.filter(state=RequestState.OPEN).values_list("role", flat=True)
    return [
        role
        for role in dict.fromkeys(known)
        if any(each.account == account for each in _giving(edition, role, now))
    ]


_ANY_IN_FORCE = Question(lambda: Delegation.objects.in_force(NOW).values_list("pk")[:1])


def end_lost(edition: Edition, now: datetime) -> None:
    """End the delegations whose givers lost the role, or whose takers left: they don't revive later."""
    if not _ANY_IN_FORCE.finds(now=now):
        return
    for each in Delegation.objects.in_force(now).select_related("giver"):
        if why := _why_lost(edition, each, now):
            with transaction.atomic():
                now = ledger.turn(now)
                found = Delegation.objects.select_for_update().unended(now).filter(pk=each.pk).first()
                if found is not None:
                    _end(found, why, "toban", now)


def _why_lost(edition: Edition, delegation: Delegation, now: datetime) -> Message:
    if not _holds(edition, delegation, now):
        return Message("approvals.giver-lost-role")
    if delegation.lockouts != delegation.giver.lockouts:
        return Message("approvals.giver-locked-out")
    return NOTHING if _is_still_taker(edition, delegation) else Message("approvals.taker-left")


def _holds(edition: Edition, delegation: Delegation, now: datetime) -> bool:
    giving = _giving(edition, delegation.role, now)
    return any(each.account is not None and each.account.pk == delegation.giver_id for each in giving)


def _giving(edition: Edition, role: str, now: datetime) -> Sequence[Holder]:
    return [each for each in holders_of(edition, role, now) if _may_give(edition, each)]


def _end(found: Delegation, why: Message, by: str, now: datetime, shell_user: str = "") -> None:
    found.ended_at, found.ended_because = now, why
    found.save(update_fields=["ended_at", "ended_because"])
    _audit("end-delegation", found, by, now, why, shell_user)


def _audit(
    order: str, found: Delegation, by: str, now: datetime, why: Message = NOTHING, shell_user: str = ""
) -> None:
    content = {
        "order": order,
        "delegation": found.pk,
        "role": found.role,
        "from": found.giver_person,
        "to": found.taker_person,
        "until": found.ends_at.isoformat(),
        "reason": found.reason,
        "note": why.as_json(),
        **({"via": ApprovalAnswer.Via.SHELL, "shell_user": shell_user} if shell_user else {}),
    }
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by), now=now)
