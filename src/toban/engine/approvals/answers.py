"""Answers to requests for approval, and acts that go ahead without one. Each is one transaction, audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.engine.approvals import telling
from toban.engine.approvals.entitlement import (
    respondent_of,
    why_not_break_glass,
    why_not_reviewed_by,
)
from toban.engine.approvals.identity import identity_of, numbers_behind
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass
from toban.engine.approvals.requests import close, facts_of
from toban.engine.approvals.rules import RequestState, is_reached, usable, why_closed, why_not
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.access import who_set_password
from toban.engine.people.models import Operator
from toban.message import Message
from toban.text import storable_text

_Via = ApprovalAnswer.Via
SHELL = "shell:"
"""What the evidence has before the user of the operating system, where nobody named an account."""


@dataclass(frozen=True, slots=True)
class Giver:
    """Who answers, and how Toban knows that it is they."""

    account: Operator | None
    """None: somebody with a shell on the server who named no account; they can only break the glass."""
    via: ApprovalAnswer.Via = _Via.PAGE
    shell_user: str = ""
    """The user of the operating system, for a command on the server."""
    token_maker: str = ""
    """The user of the operating system who made the token by which it comes, if a command made it."""
    has_proved: bool = False
    """Whether they have just signed in again."""

    @property
    def name(self) -> str:
        """The name that the evidence records."""
        return self.account.username if self.account is not None else f"{SHELL}{self.shell_user}"

    @property
    def behind(self) -> str:
        """The user of the operating system who may be behind it, in whosever name: see `orderers`."""
        return self.shell_user or self.token_maker

    @property
    def orderers(self) -> tuple[int, ...]:
        """The numbers of the accounts by which they may be known: none of them approves what they order.

        Otherwise somebody could order in another's name, from a shell or with the password that they gave
        them, and approve it in their own.
        """
        named = () if self.account is None else (self.account.pk,)
        return tuple(dict.fromkeys((*named, *numbers_behind(self.account, self.behind))))


def from_shell(shell_user: str) -> Mapping[str, object]:
    """Return what the evidence keeps of an order by a command on the server: whose shell it was.

    *shell_user* is the user of the operating system; empty for an order that came otherwise.
    """
    return {"via": _Via.SHELL, "shell_user": shell_user} if shell_user else {}


def grant(
    number: int, note: str, *, shown: str, by: Giver, edition: Edition, now: datetime
) -> ApprovalRequest:
    """Approve the request *number*, as it was *shown* (its digest); raise `NotPossible` if that can't be.

    The request is granted once enough different people have approved it.
    """
    with transaction.atomic():
        request, account = _locked(number, by)
        given = _answered(request, account, note, shown=shown, by=by, edition=edition, now=now)
        if is_reached(request.people, facts_of(request, edition).approved_by):
            request.expires_at = now + request.valid_for
            request.save(update_fields=["expires_at"])
            close(request, RequestState.GRANTED, now)
        _audit("approve", request, given, by, now)
        telling.tell_given(request, given, by.shell_user, edition, now)
    return request


def refuse(
    number: int, why: str, *, shown: str, by: Giver, edition: Edition, now: datetime
) -> ApprovalRequest:
    """Refuse the request *number*: whoever may approve it may refuse it, and one refusal is enough."""
    if not why.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    with transaction.atomic():
        request, account = _locked(number, by)
        refusing = ApprovalAnswer.Answer.REFUSED
        given = _answered(
            request, account, why, shown=shown, by=by, edition=edition, now=now, answer=refusing
        )
        close(request, RequestState.REFUSED, now)
        _audit("refuse", request, given, by, now)
        telling.tell_given(request, given, by.shell_user, edition, now)
    return request


def break_glass(
    number: int, reason: str, *, shown: str, by: Giver, edition: Edition, now: datetime
) -> ApprovalRequest:
    """Let the act go ahead without approval: everybody concerned is told, and another person reviews it."""
    if not reason.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    with transaction.atomic():
        request, account = _locked(number, by, is_emergency=True)
        if account is not None and (refusal := why_not_break_glass(request, account, edition, now)):
            raise refusal.error
        if account is None and (refusal := why_closed(facts_of(request, edition), now)):
            raise refusal.error
        if shown != request.digest:
            raise NotPossible(Message("approvals.not-what-was-shown"), Message("approvals.look-again"))
        if by.via == _Via.PAGE and not by.has_proved:
            raise NotPossible(Message("approvals.prove-identity"), Message("approvals.prove-on-page"))
        broken = BreakGlass.objects.create(
            request=request,
            account=account,
            by=by.name,
            via=by.via,
            shell_user=by.behind[:150],
            setters=list(_setters(account)),
            lockouts=account.lockouts if account is not None else 0,
            marks=sorted(identity_of(edition, account).marks) if account is not None else [],
            reason=storable_text(reason.strip()),
            at=now,
        )
        request.expires_at = now + request.valid_for
        request.save(update_fields=["expires_at"])
        close(request, RequestState.BROKEN_GLASS, now)
        _record("break-glass", request, {"said": broken.reason}, by, now)
        telling.tell_broken(broken, edition, now)
    return request


def review(number: int, words: str, *, by: Giver, edition: Edition, now: datetime) -> BreakGlass:
    """Have another person say that they have looked at what went ahead without approval."""
    if not words.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    with transaction.atomic():
        now = ledger.turn(now)
        found = BreakGlass.objects.select_for_update().filter(pk=number, reviewed_at=None).first()
        account = _account(by)
        if found is None or account is None:
            raise NotPossible(Message("approvals.nothing-to-review", number=number))
        refusal = why_not_reviewed_by(found, account, edition, now, shell_user=by.behind)
        if refusal is not None:
            raise refusal.error
        found.reviewed_at, found.reviewer, found.reviewed_by = now, account, account.username
        found.review = storable_text(words.strip())
        found.save(update_fields=["reviewed_at", "reviewer", "reviewed_by", "review"])
        _record("review-break-glass", found.request, {"said": found.review, "broken_by": found.by}, by, now)
        telling.tell_reviewed(found, edition, now)
    return found


def account_named(name: str) -> Operator:
    """Return the active account called *name*, or raise `NotPossible`."""
    found = Operator.objects.filter(username=name, is_active=True).first()
    if found is None:
        said = Message("approvals.account-inactive", account=name)
        raise NotPossible(said, Message("approvals.manager-activates"))
    return found


def _locked(number: int, by: Giver, *, is_emergency: bool = False) -> tuple[ApprovalRequest, Operator | None]:
    """Return the request, locked, and the account of *by* as it is now."""
    ledger.hold()
    request = ApprovalRequest.objects.select_for_update().filter(pk=number).first()
    if request is None:
        raise NotPossible(Message("approvals.no-such-request", number=number), Message("approvals.see-open"))
    account = _account(by)
    if account is None and not is_emergency:
        raise NotPossible(Message("approvals.name-an-account"), Message("approvals.or-break-glass"))
    return request, account


def _account(by: Giver) -> Operator | None:
    """Return the account of *by*, read again: it may have been deactivated since the page was opened."""
    if by.account is None:
        return None
    found = Operator.objects.filter(pk=by.account.pk, is_active=True).first()
    if found is None:
        said = Message("approvals.account-inactive", account=by.account.username)
        raise NotPossible(said, Message("approvals.manager-activates"))
    return found


def _setters(account: Operator | None) -> Sequence[int]:
    return who_set_password(account, system_clock()) if account is not None else ()


def _answered(
    request: ApprovalRequest,
    account: Operator | None,
    note: str,
    *,
    shown: str,
    by: Giver,
    edition: Edition,
    now: datetime,
    answer: ApprovalAnswer.Answer = ApprovalAnswer.Answer.GRANTED,
) -> ApprovalAnswer:
    if account is None:
        raise AssertionError("only an account answers")
    # A refusal does nothing that could not be undone.
    has_proved = by.has_proved or answer == ApprovalAnswer.Answer.REFUSED
    respondent = respondent_of(
        request, account, edition, now, shown=shown, has_proved=has_proved, shell_user=by.behind
    )
    facts = facts_of(request, edition)
    refusal = why_not(facts, respondent, now)
    if refusal is not None:
        raise refusal.error
    ground = usable(facts, respondent)
    # One from before the account was locked out stands no more, and is replaced; the evidence has both.
    given, _ = ApprovalAnswer.objects.update_or_create(
        request=request,
        account=account,
        defaults={
            "answer": answer,
            "username": account.username,
            "person": ground.person if ground is not None else "",
            "delegation_id": ground.delegation if ground is not None else None,
            "appointers": ground.appointers if ground is not None else [],
            "deputy_id": ground.deputy if ground is not None else None,
            "via": by.via,
            "shell_user": by.behind[:150],
            "setters": list(_setters(account)),
            "lockouts": account.lockouts,
            "marks": sorted(respondent.identity.marks),
            "answered_at": now,
            "note": storable_text(note.strip()),
        },
    )
    return given


def _audit(order: str, request: ApprovalRequest, given: ApprovalAnswer, by: Giver, now: datetime) -> None:
    delegation = given.delegation
    content = {
        "said": given.note,
        "person": given.person,
        "delegated_by": delegation.giver_person if delegation is not None else "",
    }
    _record(order, request, content, by, now)


def _record(
    order: str, request: ApprovalRequest, more: Mapping[str, object], by: Giver, now: datetime
) -> None:
    kind, _, number = request.subject.partition("/")
    content = {
        "order": order,
        "request": request.pk,
        "subject": request.subject,
        kind: int(number) if number.isdecimal() else number,
        "step": request.part,
        "digest": request.digest,
        "role": request.role,
        "state": request.state,
        "via": by.via,
        **({} if request.page else {"title": request.title.as_json()}),
        **({"shell_user": by.behind} if by.behind else {}),
        **more,
    }
    record = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        content,
        actor=by.name[:150],
        clause_id=request.clause_id,
        document_digest=request.document_digest,
    )
    ledger.append(record, now=now)
