"""Changes that a review of the audit log answers one by one, and the answers."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from toban.engine.approvals.answers import SHELL, Giver
from toban.engine.approvals.identity import numbers_of_shell
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.models import Change, ChangeAnswer
from toban.engine.changes.query import ChangeSearch, TellingChange, found, told
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import OperatorRole
from toban.message import Message
from toban.text import storable_text

IMPORTANT = (
    ChangeKind.ACCOUNT,
    ChangeKind.RELEASE,
    ChangeKind.ROLLBACK,
    ChangeKind.PATCH,
    ChangeKind.APPROVAL,
    ChangeKind.DATA,
    ChangeKind.DOCUMENT,
    ChangeKind.SETTINGS,
)
_LONGEST = 2000
_TOBAN = "toban"


def important(since: datetime, until: datetime) -> Sequence[TellingChange]:
    """Return what was done of importance from *since* (included) to *until* (excluded), newest first."""
    return told(found(ChangeSearch(since=since, until=until, kinds=IMPORTANT, with_accounts=True)))


def is_flagged(each: TellingChange) -> bool:
    """Return whether somebody must say something about a change."""
    return each.change.kind in IMPORTANT and (each.change.kind == ChangeKind.DATA or each.facts.is_sensitive)


def needs_answer(each: TellingChange) -> bool:
    """Return whether a manager answers a flagged change by itself.

    What Toban does with data as rows of the document order, such as pruning, is shown and asks nobody.
    """
    is_of_toban = each.change.actor == _TOBAN and not each.facts.is_sensitive
    return is_flagged(each) and not is_of_toban


def _is_own(change: Change, by: Giver) -> bool:
    """Return whether the change may be theirs, also from a shell or by what tells who is behind *by*."""
    names = (change.actor.removeprefix(SHELL), str(change.entry.content.get("shell_user", "")))
    made_by = {number for name in names for number in numbers_of_shell(name)}
    return not made_by.isdisjoint(by.orderers)


def answer(number: int, remark: str, *, by: Giver, now: datetime) -> ChangeAnswer:
    """Record what a manager found about a flagged change. Raises `NotPossible`, also for their own change."""
    if by.account is None or by.account.operator_role != OperatorRole.MANAGER:
        raise NotPossible(Message("changes.managers-answer"))
    if not remark.strip():
        raise NotPossible(Message("changes.remark-missing"))
    with transaction.atomic():
        ledger.hold()
        change = Change.objects.filter(pk=number, answer=None).select_related("entry").first()
        if change is None or not needs_answer(TellingChange(change)):
            raise NotPossible(Message("changes.nothing-to-answer", number=number))
        if _is_own(change, by):
            raise NotPossible(Message("changes.own-change"), Message("changes.another-answers"))
        kept = storable_text(remark.strip())[:_LONGEST]
        made = ChangeAnswer.objects.create(change=change, at=now, by=by.name[:150], remark=kept)
        content = {"event": "flagged-change-answered", "entry": number, "reason": kept}
        ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by.name[:150]), now=now)
    return made
