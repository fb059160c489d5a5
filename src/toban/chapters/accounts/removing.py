"""Accounts that are to go: found, asked of people, locked where Toban may, and over once nobody sees them.

Level-triggered: the tables say what is wanted, so that nothing is lost with a worker.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from toban.chapters.accounts.collector import AccountLock
from toban.chapters.accounts.finding import find
from toban.chapters.accounts.joining import HolderKind
from toban.chapters.accounts.models import AccessRemoval, CollectedAccount, SystemReading
from toban.chapters.accounts.ownership import owners_of
from toban.chapters.accounts.plan import AccountsPlan, AccountSystem
from toban.chapters.accounts.seen import there
from toban.design.clauses.base import Clause
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.approvals.requests import supersede
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.extension import Link
from toban.engine.runs.approval import subject_name
from toban.engine.runs.models import Run
from toban.engine.runs.parameters import Parameter, ParameterKind
from toban.engine.runs.rules import BY_TRIGGER, RunReason
from toban.engine.runs.steps.failing import failing
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.triggered import is_triggered, open_run
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.engine.tasks.events import TaskGround, WantedTask, open_task, prove, waiting, withdraw
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.engine.tasks.rules import TaskTerms
from toban.engine.tasks.works import hours_of
from toban.message import Message, plain

_TASK, _LOCK = "remove-account/", "lock-account/"
_LOCKED = "locked"
_SYSTEM, _ACCOUNT = "system", "account"
"""The parameters of a task, or a lock, that say which account."""
_AGAIN = timedelta(minutes=10)
"""A lock that failed, or that its system does not show, is tried again after so long."""
_DAILY = timedelta(days=1)
"""What would have been locked in shadow is recorded once a day, and who has said no is asked as often."""
_ANSWERED = (RunReason.REFUSED, RunReason.CANCELLED)


def works(plan: AccountsPlan, edition: Edition, clock: Clock = system_clock) -> Mapping[str, Work]:
    """Return the tasks in which people remove accounts, and the works in which Toban locks them, by key."""
    ground = TaskGround(edition.design.digest, edition.bindings.acting_digest, edition.bindings.system)
    rows: tuple[Clause, ...] = (*plan.removals, *plan.reviews)
    found: dict[str, Work] = {}
    for system in plan.systems if rows else ():
        role = system.config.owner or plan.manager
        name = f"{rows[0].text} ({system.name})"
        terms = TaskTerms(name, (role,), hours_of((role,), edition.design), is_owed=True, by_evidence=True)
        key = _TASK + system.name
        found[key] = ground.work(key, rows[0], terms)
        lock = system.locking()
        if lock is not None:
            made = _lock_work(system, lock, rows[0], role, plan, edition, clock)
            found[made.key] = replace(made, behind=partial(_behind_lock, system.name, plan))
    return found


def _lock_work(
    system: AccountSystem,
    lock: AccountLock,
    row: Clause,
    role: str,
    plan: AccountsPlan,
    edition: Edition,
    clock: Clock,
) -> Work:
    act = _Act(system, lock, plan, clock)
    return Work(
        key=_LOCK + system.name,
        clause_id=row.id,
        document_digest=edition.design.digest,
        acting_digest=edition.bindings.acting_digest,
        steps=(Step("lock", act.lock), Step("record", act.record)),
        schedule=Schedule(Cadence.ON_DEMAND),
        system=edition.bindings.system,
        timeout=timedelta(seconds=system.config.timeout * 2),
        parameters=(
            Parameter(
                _ACCOUNT,
                Message("accounts.parameter-account"),
                "tanaka",
                kind=ParameterKind.TEXT,
                is_required=True,
            ),
        ),
        trigger=Message("accounts.trigger"),
        mode=system.config.mode,
        asks=ApprovalTerms(role),
        bound=f"[accounts.{system.name}]",
    )


@dataclass(frozen=True, slots=True)
class _Act:
    """What a run does; both steps may be repeated after a kill."""

    system: AccountSystem
    lock_there: AccountLock
    plan: AccountsPlan
    clock: Clock

    def lock(self, turn: RunTurn) -> object:
        """Lock the account, if it is still to go: whoever approved that may have been long about it."""
        account = turn.parameters[_ACCOUNT]
        now, system = self.clock(), self.system
        if not _is_to_go(system.name, account, turn.run_id, now):
            raise StepFailed(Message("accounts.not-to-go", account=account), RunReason.NOT_RUNNABLE)
        if is_triggered(turn.run_id) and is_last_privileged(system, account, self.plan, now):
            raise StepFailed(Message("accounts.last-privileged", account=account), RunReason.NOT_RUNNABLE)
        with failing(turn):
            self.lock_there.lock(account)
        return {_LOCKED: True}

    def record(self, turn: RunTurn) -> Message:
        """Write it into the evidence, once; the next look shows whether it is so."""
        account = turn.parameters[_ACCOUNT]
        record_once(
            turn.run_id,
            {"event": "account-locked", "system": self.system.name, "account": account},
            self.clock(),
        )
        # Seen anew at once: what is locked is over only when its system shows it.
        SystemReading.objects.filter(name=self.system.name).update(
            looked_at=datetime.fromtimestamp(0, self.clock().tzinfo)
        )
        return Message("accounts.locked", system=self.system.name, account=account)


def settle(plan: AccountsPlan, now: datetime) -> None:
    """Bring what is to go up to date with what was seen."""
    find(plan, now)
    removals = list(
        AccessRemoval.objects.filter(ended_at=None, withdrawn_at=None).order_by("pk").select_related("leaver")
    )
    bound = {each.name for each in plan.systems}
    _give_up([each for each in removals if each.system not in bound], now)
    removals = [each for each in removals if each.system in bound]
    _end(removals, now)
    open_now = [each for each in removals if each.ended_at is None]
    for system in plan.systems:
        _ask(system, [each for each in open_now if each.system == system.name], plan, now)


def is_last_privileged(system: AccountSystem, account: str, plan: AccountsPlan, now: datetime) -> bool:
    """Return whether *account* is the last with privileges that a person uses there, as far as is known.

    Who is to go as well does not count: of the last two, each lock might go through before the other is seen.
    """
    strong = CollectedAccount.objects.there().filter(system=system.name, is_privileged=True, is_locked=False)
    if not strong.filter(name=account).exists():
        return False
    going = AccessRemoval.objects.open().sure().filter(system=system.name, begins_at__lte=now)
    others = strong.exclude(name=account).exclude(name__in=going.values("account"))
    return all(plan.holder(system, each.found).kind is HolderKind.MACHINE for each in others)


def facts(occasion: TaskOccasion, plan: AccountsPlan, now: datetime) -> Sequence[TaskFact]:
    """Return which account a task is about, and why it is to go; none for other tasks."""
    system, account = occasion.parameters.get(_SYSTEM), occasion.parameters.get(_ACCOUNT)
    if not (system and account):
        return ()
    zone = occasion.edition.bindings.system.zone
    open_now = _standing(system, account).select_related("leaver")
    place = plan.system(system)
    is_last = place is not None and is_last_privileged(place, account, plan, now)
    last = TaskFact(plain(f"{system}: {account}"), Message("accounts.fact-last"), is_exception=True)
    return [
        *([last] if is_last else ()),
        *_grounds(open_now.order_by("pk"), zone),
    ]


def _grounds(removals: Iterable[AccessRemoval], zone: ZoneInfo) -> Iterator[TaskFact]:
    """Yield why an account is to go."""
    for each in removals:
        why = (
            Message("accounts.ground-leaver", name=each.leaver.name)
            if each.leaver is not None
            else Message("accounts.ground-review")
        )
        yield TaskFact(
            plain(f"{each.system}: {each.account}"),
            Message("accounts.fact-to-go", by=each.ordered_by, why=why, until=each.until.astimezone(zone))
            if each.is_sure
            else Message("accounts.fact-alike", by=each.ordered_by, name=each.whose),
            is_exception=not each.is_sure,
            link=None if each.is_sure else Link("leavers", Message("accounts.leavers-page")),
        )


def _standing(system: str, account: str) -> QuerySet[AccessRemoval]:
    """Return why an account is to go; nothing if it is not, or not any more."""
    return AccessRemoval.objects.filter(system=system, account=account, ended_at=None, withdrawn_at=None)


def _end(removals: Iterable[AccessRemoval], now: datetime) -> None:
    """End what a look that began after the order shows no more, or shows locked."""
    readings = SystemReading.objects.in_bulk({each.system for each in removals})
    is_locked = {
        (system, each.name): each.is_locked for system, rows in there(readings).items() for each in rows
    }
    for each in removals:
        reading = readings.get(each.system)
        if reading is None or reading.taken_at is None or reading.trouble:
            continue
        is_gone = is_locked.get((each.system, each.account), True)
        if not is_gone and each.shown_at != reading.taken_at:
            each.shown_at = reading.taken_at
            each.save(update_fields=["shown_at"])
        # A look that began before proves nothing of what was ordered since.
        elif is_gone and reading.looked_at >= each.found_at:
            _ended(each, reading.taken_at, now)


def _give_up(removals: Iterable[AccessRemoval], now: datetime) -> None:
    """End what nobody can see any more: its system is bound no more. That proves nothing."""
    for each in removals:
        with transaction.atomic():
            ledger.hold()
            open_now = AccessRemoval.objects.open().filter(pk=each.pk)
            if not open_now.update(withdrawn_at=now, is_given_up=True):
                continue
            said = Message("accounts.unbound", system=each.system, account=each.account)
            of_account = {f"parameters__{_ACCOUNT}": each.account}
            withdraw(waiting([_TASK + each.system]).filter(**of_account), said, now)
            _end_asked(_asked_to_lock(_LOCK + each.system).filter(**of_account), said, now)
            content = {"event": "access-unbound", "system": each.system, "account": each.account}
            ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content), now=now)


def _ended(each: AccessRemoval, gone_at: datetime | None, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        if not AccessRemoval.objects.filter(pk=each.pk, ended_at=None).update(ended_at=now, gone_at=gone_at):
            return
        each.ended_at, each.gone_at = now, gone_at
        content = {
            "event": "access-ended",
            "system": each.system,
            "account": each.account,
            "ground": str(each.ground),
            "is_late": each.is_late,
            "is_in_time": each.is_in_time,
            "shown_at": each.shown_at.isoformat() if each.shown_at is not None else None,
            "gone_at": gone_at.isoformat() if gone_at is not None else None,
        }
        ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content), now=now)


def _ask(system: AccountSystem, wanted: list[AccessRemoval], plan: AccountsPlan, now: datetime) -> None:
    """Have people, and Toban where it may, remove what is due at *system*; end the tasks that are over."""
    task, lock = plan.works.get(_TASK + system.name), plan.works.get(_LOCK + system.name)
    due = {
        each.account: each
        for each in sorted(wanted, key=lambda each: each.until, reverse=True)
        if each.begins_at <= now
    }
    if task is not None:
        tasks = waiting([task.key])
        for run in tasks:
            account = str(run.parameters.get(_ACCOUNT, ""))
            if account not in due:
                _close(system, account, waiting([task.key]).filter(pk=run.pk), now)
        for place, (account, each) in enumerate(due.items()):
            same = tasks.filter(**{f"parameters__{_ACCOUNT}": account})
            # Two runs of a work are never due at the same moment.
            began = now - place * timedelta.resolution
            open_task(task, WantedTask(each.until, {_SYSTEM: system.name, _ACCOUNT: account}), same, began)
    if lock is not None:
        # Whose account is only called alike, and whether anybody may do without the last, is asked first.
        sure = [
            account
            for account in dict.fromkeys(each.account for each in wanted if each.is_sure)
            if account in due and not is_last_privileged(system, account, plan, now)
        ]
        _call_off(lock, sure, now)
        for account in _to_lock(lock, sure, now):
            open_run(lock, lock.clause_id, {_ACCOUNT: account}, now, beside_others=True)


def _is_to_go(system: str, account: str, run: int, now: datetime) -> bool:
    """Return whether *account* is to go now, or was seen gone since *run* was ordered."""
    since = Run.objects.get(pk=run).due_at
    wanted = AccessRemoval.objects.sure().filter(system=system, account=account, withdrawn_at=None)
    return wanted.filter(Q(ended_at=None) | Q(ended_at__gte=since), begins_at__lte=now).exists()


def _behind_lock(system: str, plan: AccountsPlan, parameters: Mapping[str, str]) -> Collection[int]:
    """Return who does not approve that an account is locked: who ordered that it goes, and whose it is."""
    account = parameters.get(_ACCOUNT, "")
    found = {*owners_of(system, account, plan)}
    wanted = AccessRemoval.objects.filter(system=system, account=account, ended_at=None, withdrawn_at=None)
    for each in wanted.select_related("leaver"):
        found |= {*each.orderers, *(each.leaver.orderers if each.leaver is not None else ())}
    return sorted(found)


def _close(system: AccountSystem, account: str, task: QuerySet[Run], now: datetime) -> None:
    is_over = AccessRemoval.objects.filter(
        system=system.name, account=account, ended_at__isnull=False, withdrawn_at=None
    ).exists()
    said = Message("accounts.seen-no-more" if is_over else "accounts.not-to-go", account=account)
    (prove if is_over else withdraw)(task, said, now)


def _pause_after(last: Run) -> timedelta:
    is_quiet = last.state == Run.State.SHADOW or last.reason in _ANSWERED
    return _DAILY if is_quiet else _AGAIN


def _call_off(lock: Work, due: Iterable[str], now: datetime) -> None:
    """End the locks that wait to be approved for accounts that are not to go any more."""
    asked = _asked_to_lock(lock.key)
    for run in asked:
        account = str(run.parameters.get(_ACCOUNT, ""))
        if account not in due:
            _end_asked(asked.filter(pk=run.pk), Message("accounts.not-to-go", account=account), now)


def _asked_to_lock(key: str) -> QuerySet[Run]:
    return Run.objects.filter(
        work=key, state=Run.State.WAITING, reason=RunReason.AWAITING_APPROVAL, ordered_by=BY_TRIGGER
    )


def _end_asked(runs: QuerySet[Run], said: Message, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        for run in runs:
            supersede(subject_name(run.pk), now)
            withdraw(runs.filter(pk=run.pk), said, now)


def _to_lock(lock: Work, due: Iterable[str], now: datetime) -> Iterator[str]:
    """Yield the accounts whose lock was not tried a short time ago."""
    for account in due:
        tried = Run.objects.filter(work=lock.key, **{f"parameters__{_ACCOUNT}": account})
        last = tried.order_by("-pk").first()
        if last is None or (last.ended_at is not None and now - last.ended_at >= _pause_after(last)):
            yield account
