"""Ordering work once that no row of the document orders. One transaction, audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.holders import holders_of
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.tasks.models import ExtraTask
from toban.message import Message
from toban.text import storable_text

LONGEST_NAME, LONGEST_CONTENT, LONGEST_FACT = 200, 2000, 300
MOST_FACTS = 10
_AHEAD = timedelta(days=366)
_MOST_OPEN = 200
"""So many of them wait for a sign-off at most: nobody works off more."""


@dataclass(frozen=True, slots=True)
class WantedWork:
    """What somebody wants to have done once."""

    name: str
    owner: str
    """A role of the document, or a name in `[people]`."""
    until: datetime
    """Until when it is to be signed off."""
    starts_at: datetime | None = None
    """From when on; None for at once."""
    content: str = ""
    facts: Sequence[str] = ()
    """What the owner is shown, and signs."""


def order_once(wanted: WantedWork, by: Giver, edition: Edition, now: datetime) -> Run:
    """Open the task that *wanted* describes; raise `NotPossible` if nobody could do it, or may order it."""
    with transaction.atomic():
        now = ledger.turn(now)
        account = _account(by)
        starts_at = max(wanted.starts_at, now) if wanted.starts_at is not None else now
        _require(wanted, starts_at, edition, now)
        run = Run.objects.create(
            work=f"once/{uuid4().hex}",
            due_at=starts_at,
            clause_id="",
            document_digest=edition.design.digest,
            ordered_by=account.username,
            orderers=list(by.orderers),
            state=Run.State.WAITING,
            reason=RunReason.AWAITING_SIGN_OFF,
            wake_at=starts_at,
            due_until=wanted.until,
        )
        extra = ExtraTask.objects.create(
            run=run,
            name=_line(wanted.name),
            owner=wanted.owner.strip(),
            content=storable_text(wanted.content.strip()),
            facts=[_line(each) for each in wanted.facts if each.strip()],
            orderer=account,
            ordered_at=now,
        )
        _record(extra, by, now)
    return run


def _line(written: str) -> str:
    """Return *written* on one line: on several it could pose as more of what a notification says."""
    return storable_text(" ".join(written.split()))


def _account(by: Giver) -> Operator:
    """Return the account, read again: it may have been deactivated, or only read since."""
    given = by.account
    found = Operator.objects.filter(pk=given.pk, is_active=True).first() if given is not None else None
    if found is None or not may_order(found):
        raise NotPossible(Message("tasks.may-not-order"), Message("modes.who-moves"))
    return found


def _require(wanted: WantedWork, starts_at: datetime, edition: Edition, now: datetime) -> None:
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME:
        raise NotPossible(Message("tasks.name-it", count=LONGEST_NAME))
    facts = [each for each in wanted.facts if each.strip()]
    if len(wanted.content) > LONGEST_CONTENT or len(facts) > MOST_FACTS:
        raise NotPossible(Message("tasks.say-less", characters=LONGEST_CONTENT, facts=MOST_FACTS))
    if any(len(each) > LONGEST_FACT for each in facts):
        raise NotPossible(Message("tasks.fact-too-long", count=LONGEST_FACT))
    if not starts_at < wanted.until <= now + _AHEAD:
        raise NotPossible(Message("tasks.no-window"), Message("tasks.window-within-a-year"))
    owner = wanted.owner.strip()
    if not any(each.account is not None for each in holders_of(edition, owner, starts_at)):
        hint = Message("tasks.join-an-account", file=edition.bindings.file, person=owner)
        raise NotPossible(Message("tasks.taker-without-account", person=owner), hint)
    if ExtraTask.objects.filter(run__state=Run.State.WAITING).count() >= _MOST_OPEN:
        raise NotPossible(Message("tasks.too-many-extras", count=_MOST_OPEN))


def _record(extra: ExtraTask, by: Giver, now: datetime) -> None:
    run = extra.run
    content = {
        "order": "order-task",
        "work": run.work,
        "run": run.pk,
        "name": extra.name,
        "owner": extra.owner,
        "due": run.due_at.isoformat(),
        "until": run.due_until.isoformat() if run.due_until else "",
        "content": extra.content,
        "facts": extra.facts,
        "via": by.via,
        **({"shell_user": by.shell_user} if by.shell_user else {}),
    }
    record = ledger.Record(
        LedgerEntry.Kind.AUDIT, content, actor=by.name[:150], document_digest=run.document_digest
    )
    ledger.append(record, now=now)
