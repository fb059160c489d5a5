"""What people do with tasks: sign off, say that one is not performed, hand on. One transaction each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.holders import account_of
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.runs.claiming import claim
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.tasks.entitlement import TaskPeople, people_of_task
from toban.engine.tasks.facts import TaskFact, digest_of_facts
from toban.engine.tasks.lists import facts_of, opened, tasks_of, terms_of_run
from toban.engine.tasks.models import Handover, SignOff
from toban.engine.tasks.rules import why_no_remark
from toban.engine.tasks.telling import tell_handed_on
from toban.message import Message
from toban.text import storable_text


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """What somebody wants to do with a task."""

    number: int
    """The run's number."""
    by: Giver
    edition: Edition
    parts: Parts
    opened_at: datetime | None = None
    """When the page with what is signed was opened; None where nobody can say."""


def sign_off(
    order: TaskOrder, remark: str, *, shown: str, now: datetime, is_performed: bool = True
) -> SignOff:
    """End a task: performed, or not performed for the reason in *remark*. *shown*: see `digest_of_facts`.

    Raises `NotPossible` if it is not theirs, if something else was shown, or if a remark is missing.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        run, account, people = _locked(order, now)
        if refusal := people.why_not(account):
            raise refusal.error
        facts = facts_of(run, order.edition, order.parts, now)
        digest = digest_of_facts(run.pk, facts)
        if shown != digest:
            raise NotPossible(Message("tasks.not-what-was-shown"), Message("tasks.look-again"))
        undecided = sum(fact.is_undecided for fact in facts)
        if is_performed and undecided:
            raise NotPossible(Message("tasks.undecided", count=undecided), Message("tasks.decide-each"))
        exceptions = sum(fact.is_exception for fact in facts)
        if refusal := why_no_remark(remark, exceptions=exceptions, is_performed=is_performed):
            raise refusal.error
        signed = SignOff.objects.create(
            run=run,
            account=account,
            username=account.username,
            person=people.person_of(account),
            via=order.by.via,
            at=now,
            is_performed=is_performed,
            open_for=now - order.opened_at if order.opened_at is not None else None,
            remark=storable_text(remark.strip()),
            facts=[fact.as_json() for fact in facts],
            digest=digest,
        )
        _end(run, signed, now)
        _record("sign-off-task", run, _said(signed, facts), order.by, now)
    return signed


def hand_on(order: TaskOrder, person: str, reason: str, *, now: datetime) -> Handover:
    """Hand a task on to *person*, a name in `[people]`; whoever holds the role may take it back so."""
    if not reason.strip():
        raise NotPossible(Message("tasks.reason-missing"), Message("tasks.write-a-remark"))
    taker = account_of(order.edition, person)
    if taker is None:
        raise NotPossible(
            Message("tasks.taker-without-account", person=person),
            Message("tasks.join-an-account", file=order.edition.bindings.file, person=person),
        )
    with transaction.atomic():
        now = ledger.turn(now)
        run, account, people = _locked(order, now)
        if refusal := people.why_not(account, is_taking_back=True):
            raise refusal.error
        made = Handover.objects.create(
            run=run,
            giver=account,
            giver_name=people.person_of(account) or account.username,
            taker=taker,
            taker_person=person,
            lockouts=account.lockouts,
            deputy_id=people.deputy_of(account),
            reason=storable_text(reason.strip()),
            at=now,
        )
        _record("hand-on-task", run, {"to": person, "said": made.reason}, order.by, now)
        row = next((each for each in order.edition.design.clauses if each.id == run.clause_id), None)
        task = opened(run, people.terms, row, order.edition, order.parts, now)
        tell_handed_on(made, task, order.edition)
    return made


def _locked(order: TaskOrder, now: datetime) -> tuple[Run, Operator, TaskPeople]:
    """Return the task, locked, the account as it is now, and whose task it is now.

    The caller holds the ledger.
    """
    run = Run.objects.select_for_update().filter(pk=order.number, due_until__isnull=False).first()
    if run is None:
        raise NotPossible(Message("tasks.no-such-task", number=order.number), Message("tasks.see-open"))
    if (run.state, run.reason) != (Run.State.WAITING, RunReason.AWAITING_SIGN_OFF):
        raise NotPossible(Message("tasks.is-over", number=run.pk), Message("tasks.see-open"))
    if now < run.due_at:
        raise NotPossible(Message("tasks.not-due-yet", number=run.pk))
    terms = terms_of_run(tasks_of(order.edition, order.parts), run)
    if terms is None:
        raise NotPossible(Message("tasks.row-is-gone"))
    # The worker that ends it may be late, or down: that is no time to sign.
    if not terms.is_owed and run.due_until is not None and now >= run.due_until:
        raise NotPossible(Message("tasks.window-is-over", number=run.pk), Message("tasks.next-comes"))
    return run, _account(order.by), people_of_task(run, terms, order.edition, now)


def _account(by: Giver) -> Operator:
    """Return the account of *by*, read again: it may have been deactivated since the page was opened."""
    found = by.account and Operator.objects.filter(pk=by.account.pk, is_active=True).first()
    if not found:
        raise NotPossible(Message("tasks.name-an-account"))
    return found


def _end(run: Run, signed: SignOff, now: datetime) -> None:
    if not signed.is_performed:
        note = Message("tasks.declined-by", by=signed.by, why=signed.remark)
        claim.end(run, Run.State.MISSED, RunReason.NOT_PERFORMED, now, note)
        return
    is_late = run.due_until is not None and now >= run.due_until
    code = "tasks.signed-late-by" if is_late else "tasks.signed-by"
    note = Message(code, by=signed.by)
    claim.end(run, Run.State.DONE, RunReason.SIGNED_OFF_LATE if is_late else RunReason.SIGNED_OFF, now, note)


def _said(signed: SignOff, facts: tuple[TaskFact, ...]) -> Mapping[str, object]:
    return {
        "is_performed": signed.is_performed,
        "person": signed.person,
        "said": signed.remark,
        "shown": [fact.as_json() for fact in facts],
        "digest": signed.digest,
        "seconds_open": signed.seconds_open,
    }


def _record(order: str, run: Run, more: Mapping[str, object], by: Giver, now: datetime) -> None:
    content = {
        "order": order,
        "work": run.work,
        "run": run.pk,
        "due": run.due_at.isoformat(),
        "until": run.due_until.isoformat() if run.due_until else "",
        "via": by.via,
        **({"shell_user": by.shell_user} if by.shell_user else {}),
        **more,
    }
    record = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        content,
        actor=by.name[:150],
        clause_id=run.clause_id,
        document_digest=run.document_digest,
    )
    ledger.append(record, now=now)
