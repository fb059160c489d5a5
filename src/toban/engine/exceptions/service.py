"""What people order about exceptions: request, approve, refuse, renew, end. All audited.

An exception is in force only once somebody who holds `[exceptions] role` has approved it: nobody their own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.design.clauses.base import Clause
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.delegations import grounds_of
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.port import ApprovalEffect
from toban.engine.approvals.requests import ApprovalSubject, live_request, request_for, supersede
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import show_again
from toban.engine.exceptions.bindings import EXCEPTIONS
from toban.engine.exceptions.models import RowException, RowExceptionQuerySet
from toban.engine.exceptions.rules import ExceptionState, checked_end
from toban.engine.notify.orders import look_again
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order, who_set_password
from toban.engine.people.models import Operator, OperatorRole
from toban.message import NOTHING, Message, plain
from toban.text import storable_text

_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class WantedException:
    """What somebody asks for."""

    clause_id: str
    reason: str
    ends_at: datetime | None
    subject: str = ""
    holds_notices: bool = False


@dataclass(frozen=True, slots=True)
class ExceptionAnswer:
    """An answer to a requested exception."""

    number: int
    note: str
    shown: str
    """The digest of what was shown."""
    by: Giver


def request(
    wanted: WantedException, *, by: Operator, edition: Edition, now: datetime, shell_user: str = ""
) -> RowException:
    """Ask for an exception; it covers nothing until it is approved.

    *shell_user* is the user of the operating system, for a command on the server: nor do they approve it.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        author = Giver(_author(by), shell_user=shell_user)
        if _same(wanted).in_force(now).exists():
            raise NotPossible(Message("exceptions.in-force-already"), Message("exceptions.renew-it"))
        return _requested(wanted, None, author, edition, now)


def renew(
    number: int,
    reason: str,
    *,
    ends_at: datetime | None,
    by: Operator,
    edition: Edition,
    now: datetime,
    shell_user: str = "",
) -> RowException:
    """Ask for the exception *number* to go on until *ends_at*: it needs approval again."""
    with transaction.atomic():
        now = ledger.turn(now)
        author = Giver(_author(by), shell_user=shell_user)
        found = RowException.objects.select_for_update().filter(pk=number, granted_at__isnull=False).first()
        if found is None:
            raise _no_such(number)
        if found.renewals.filter(granted_at__isnull=False).exists():
            raise NotPossible(Message("exceptions.renewed-already", number=number))
        if ends_at is not None and ends_at <= found.ends_at:
            raise NotPossible(Message("exceptions.not-later"), Message("exceptions.give-an-end"))
        wanted = WantedException(found.clause_id, reason, ends_at, found.subject, found.holds_notices)
        return _requested(wanted, found, author, edition, now)


def approve(answer: ExceptionAnswer, edition: Edition, now: datetime) -> RowException:
    """Approve a requested exception as it was shown; it is in force once enough people have."""
    return _answered(answering.approve, answer, edition, now)


def refuse(answer: ExceptionAnswer, edition: Edition, now: datetime) -> RowException:
    """Refuse a requested exception."""
    return _answered(answering.refuse, answer, edition, now)


class ExceptionApproved:
    """What follows from an answer: see `ApprovalEffect`."""

    kind = "exception"
    needs_shell_for_emergencies = False
    is_answered_by_api = False

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Put the exception in force, or end it; raise `NotPossible` if it no longer waits."""
        number = int(request.subject.partition("/")[2])
        found = RowException.objects.select_for_update().asked().filter(pk=number).first()
        if found is None:
            raise _no_such(number)
        match RequestState(request.state):
            case RequestState.GRANTED if now >= found.ends_at:
                raise NotPossible(Message("exceptions.over-before-approval"), Message("exceptions.ask-again"))
            case RequestState.GRANTED:
                _put_in_force(found, request, by.name, now)
            case RequestState.REFUSED:
                why = Message("exceptions.refused-because", words=storable_text(note.strip()))
                ended(found, why, by.name, now)
            case RequestState.BROKEN_GLASS:
                raise NotPossible(Message("exceptions.no-emergency"), Message("exceptions.mend-or-silence"))
            case _:
                pass


EFFECT = ExceptionApproved()

type _Answer = Callable[[AnswerOrder, Iterable[ApprovalEffect], datetime], ApprovalRequest]


def _answered(give: _Answer, answer: ExceptionAnswer, edition: Edition, now: datetime) -> RowException:
    with transaction.atomic():
        now = ledger.turn(now)
        found, asked = _asked(answer.number)
        give(AnswerOrder(asked.pk, answer.shown, answer.by, edition, answer.note), (EFFECT,), now)
        found.refresh_from_db()
    return found


def end(number: int, *, by: Operator, edition: Edition, now: datetime, shell_user: str = "") -> RowException:
    """End or withdraw an exception now: its author may, who grants exceptions, and an operations manager."""
    with transaction.atomic():
        now = ledger.turn(now)
        account = _author(by)
        found = RowException.objects.select_for_update().filter(pk=number).first()
        if found is None or found.state(now) not in (ExceptionState.ASKED, ExceptionState.IN_FORCE):
            raise _no_such(number)
        is_theirs = found.author_id == account.pk or account.operator_role == OperatorRole.MANAGER
        if not is_theirs and not grounds_of(edition, EXCEPTIONS.of(edition.bindings).role, account, now):
            raise NotPossible(Message("exceptions.not-yours"), Message("exceptions.who-ends"))
        why = Message("exceptions.ended-by", by=account.username)
        ended(found, why, account.username, now, shell_user=shell_user)
    return found


def ended(found: RowException, why: Message, by: str, now: datetime, *, shell_user: str = "") -> None:
    """End *found*, in the caller's transaction, which holds the ledger."""
    found.ended_at, found.ended_by, found.ended_because = now, by, why
    found.save(update_fields=["ended_at", "ended_by", "ended_because"])
    supersede(_name(found), now)
    _audit("end-exception", found, by, now, why, shell_user)
    _look_again(found)


def ask_approval(found: RowException, edition: Edition, now: datetime) -> ApprovalRequest:
    """Return the live request for approving *found* under this edition; ask if there is none."""
    bound = EXCEPTIONS.of(edition.bindings)
    until = found.ends_at.astimezone(edition.bindings.system.zone)
    return request_for(
        ApprovalSubject(
            subject=_name(found),
            title=Message("exceptions.title", row=found.citation, subject=found.subject or found.clause_text),
            facts=(
                (Message("exceptions.row"), plain(f"{found.citation} {found.clause_text}")),
                (Message("exceptions.subject"), plain(found.subject) or Message("exceptions.whole-row")),
                (Message("exceptions.reason"), plain(found.reason)),
                (Message("exceptions.until"), plain(f"{until:%Y-%m-%d %H:%M}")),
                (
                    Message("exceptions.notices"),
                    Message("exceptions.notices-held" if found.holds_notices else "exceptions.notices-sent"),
                ),
            ),
            content={
                "row": found.clause_id,
                "text": found.clause_text,
                "subject": found.subject,
                "reason": found.reason,
                "until": found.ends_at.isoformat(),
                "holds_notices": found.holds_notices,
            },
            document_digest=edition.design.digest,
            acting_digest=edition.bindings.acting_digest,
            terms=ApprovalTerms(bound.role, within=bound.approval_within),
            page="exception",
            page_arguments=(found.pk,),
            clause_id=found.clause_id,
            ordered_by=found.author_name,
            orderers=_orderers(found),
        ),
        now,
    )


def _orderers(found: RowException) -> tuple[int, ...]:
    """Return the accounts that asked for *found*, and for those that it renews: none of them approves it."""
    asked: list[int] = []
    each: RowException | None = found
    while each is not None:
        # Also as it was then: somebody else may have given the author another password since.
        asked += (*each.orderers, *Giver(each.author, shell_user=each.shell_user).orderers)
        asked += who_set_password(each.author, each.asked_at) if each.author is not None else ()
        each = each.renews
    return tuple(dict.fromkeys(asked))


def _requested(
    wanted: WantedException, renews: RowException | None, author: Giver, edition: Edition, now: datetime
) -> RowException:
    clause = _clause(edition, wanted.clause_id)
    longest = EXCEPTIONS.of(edition.bindings).longest
    end = checked_end(wanted.ends_at, wanted.reason, now=now, longest=longest)
    if _same(wanted).asked().exists():
        raise NotPossible(Message("exceptions.asked-already"), Message("exceptions.wait-or-withdraw"))
    made = RowException.objects.create(
        clause_id=clause.id,
        clause_text=clause.text,
        citation=str(clause.origin)[:300],
        subject=_subject(wanted.subject),
        reason=storable_text(wanted.reason.strip()),
        holds_notices=wanted.holds_notices,
        author=author.account,
        author_name=author.name,
        shell_user=author.shell_user[:150],
        orderers=list(author.orderers),
        asked_at=now,
        ends_at=end,
        renews=renews,
    )
    ask_approval(made, edition, now)
    if renews is None:
        _audit("ask-exception", made, author.name, now, shell_user=author.shell_user)
    else:
        _audit("renew-exception", made, author.name, now, shell_user=author.shell_user)
    return made


def _put_in_force(found: RowException, granted: ApprovalRequest, by: str, now: datetime) -> None:
    given = granted.answers.filter(answer=ApprovalAnswer.Answer.GRANTED).order_by("pk")
    found.granted_at = now
    found.granted_by = ", ".join(given.values_list("username", flat=True))[:300]
    found.save(update_fields=["granted_at", "granted_by"])
    before = found.renews
    if before is not None and before.state(now) is ExceptionState.IN_FORCE:
        ended(before, Message("exceptions.was-renewed", number=found.pk), by, now)
    _audit("grant-exception", found, by, now)
    _look_again(found)


def _asked(number: int) -> tuple[RowException, ApprovalRequest]:
    """Return the requested exception and its request for approval, locked."""
    found = RowException.objects.select_for_update().asked().filter(pk=number).first()
    asked = live_request(_name(found)) if found is not None else None
    if found is None or asked is None:
        raise _no_such(number)
    return found, asked


def _author(by: Operator) -> Operator:
    """Return *by* as it is now; raise `NotPossible` for one who may give no orders."""
    found = Operator.objects.filter(pk=by.pk, is_active=True).first()
    if found is None or not may_order(found):
        raise NotPossible(Message("exceptions.may-not-order"), Message("exceptions.who-orders"))
    return found


def _same(wanted: WantedException) -> RowExceptionQuerySet:
    return RowException.objects.filter(clause_id=wanted.clause_id, subject=_subject(wanted.subject))


def _subject(written: str) -> str:
    return storable_text(written.strip())[:_LONGEST_SUBJECT]


def _clause(edition: Edition, clause_id: str) -> Clause:
    found = next((each for each in edition.design.clauses if each.id == clause_id), None)
    if found is None:
        raise NotPossible(Message("exceptions.no-such-row", row=clause_id), Message("exceptions.name-a-row"))
    return found


def _no_such(number: int) -> NotPossible:
    return NotPossible(Message("exceptions.no-such", number=number), Message("exceptions.see-list"))


def _name(found: RowException) -> str:
    return f"exception/{found.pk}"


def _look_again(found: RowException) -> None:
    """Have pages and notifications take note, in the caller's transaction."""
    show_again(found.clause_id)
    look_again()


def _audit(
    order: str, found: RowException, by: str, now: datetime, why: Message = NOTHING, shell_user: str = ""
) -> None:
    content = {
        "order": order,
        "exception": found.pk,
        "subject": found.subject,
        "reason": found.reason,
        "author": found.author_name,
        "until": found.ends_at.isoformat(),
        "holds_notices": found.holds_notices,
        "renews": found.renews_id,
        "note": why.as_json(),
        **({"via": ApprovalAnswer.Via.SHELL, "shell_user": shell_user} if shell_user else {}),
    }
    record = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by[:150], clause_id=found.clause_id)
    ledger.append(record, now=now)
