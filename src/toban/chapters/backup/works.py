"""Rows of the backup policy and their bindings to works of the run ledger."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from toban.chapters.backup.engine import BACKUPS, ENGINE_KINDS, Method
from toban.chapters.backup.rules import CopyRetention
from toban.chapters.backup.taking.config import BackupBatch
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.taking.steps import steps
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective, RestoreProcedure
from toban.design.clauses.batch import Batch, BatchRetry
from toban.design.clauses.duty import DutyRole
from toban.design.reader import Design
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.design.values.delivery import OFFICE_HOURS
from toban.design.values.duration import Duration, Retention
from toban.design.values.hours import Hours
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.model import Bindings
from toban.engine.calendar.due import is_ever_due
from toban.engine.clock import Clock, system_clock
from toban.engine.editions.announcements import managing_role
from toban.engine.notify.routing.timing import office_hours
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.kinds import BATCHES, RUNS
from toban.engine.runs.work import Work
from toban.engine.stores.store import STORE_KINDS
from toban.message import NOTHING, Message

_METHODS = {BackupMethod.FULL: Method.FULL, BackupMethod.INCREMENTAL: Method.INCREMENTAL}


@dataclass(frozen=True, slots=True)
class Policy:
    """A row that is carried out: by a work of its own, by a batch, or by streaming the log."""

    row: BackupPolicy
    method: BackupMethod
    source: BackupSource
    work: str
    """The key of the work that does it; empty for log."""
    is_batch: bool = False


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What chapter 4 runs, and why it does not run the rest."""

    works: Mapping[str, Work]
    policies: tuple[Policy, ...]
    guards: tuple[Policy, ...]
    """Rows that a bucket carries out by itself; its settings are watched."""
    sources: Mapping[str, BackupSource]
    """Subject, as the document names it → the source that is copied."""
    objectives: tuple[RecoveryObjective, ...]
    """RPO and RTO that can be judged."""
    unbound: Mapping[str, Message]
    """Clause id → why it does not run."""
    office: Hours = OFFICE_HOURS
    """The hours with which a business day of an objective ends."""

    @property
    def rows(self) -> Mapping[str, Message]:
        """See `Plan`."""
        told = [policy.row for policy in (*self.policies, *self.guards)]
        return {**{row.id: NOTHING for row in (*told, *self.objectives)}, **self.unbound}


@dataclass(slots=True)
class _Planning:
    """A plan being made."""

    design: Design
    bindings: Bindings
    kinds: Kinds
    clock: Clock
    policies: list[Policy] = field(default_factory=list)
    guards: list[Policy] = field(default_factory=list)
    unbound: dict[str, Message] = field(default_factory=dict)
    sources: dict[str, BackupSource] = field(default_factory=dict)


def key_of(subject: str, method: Method) -> str:
    """Return the key under which a row's work can be ordered: `PostgreSQL/full`."""
    return f"{subject}/{method.value}"


def plan(design: Design, bindings: Bindings, kinds: Kinds, *, clock: Clock = system_clock) -> BackupPlan:
    """Return the works of *design* as *bindings* bind them."""
    planning = _Planning(design, bindings, kinds, clock)
    for row in design.of(BackupPolicy):
        why = _plan_row(planning, row)
        if why:
            planning.unbound[row.id] = why
    objectives = []
    for objective in design.of(RecoveryObjective):
        why = _why_unjudged(objective, planning)
        if why:
            planning.unbound[objective.id] = why
        else:
            objectives.append(objective)
    works = {
        policy.work: work_of(policy, design, bindings)
        for policy in planning.policies
        if policy.work and not policy.is_batch
    }
    return BackupPlan(
        works,
        tuple(planning.policies),
        tuple(planning.guards),
        planning.sources,
        tuple(objectives),
        planning.unbound,
        office_hours(design.of(DutyRole), bindings.system.office_hours),
    )


def work_of(policy: Policy, design: Design, bindings: Bindings) -> Work:
    """Return the work that a row of the policy orders."""
    row, method = policy.row, _METHODS[policy.method]
    return Work(
        key=policy.work,
        clause_id=row.id,
        document_digest=design.digest,
        steps=steps(policy.source, method, row.id),
        schedule=row.schedules[0],
        system=bindings.system,
        timeout=policy.source.config.timeout,
        retry_delays=_retry_delays(design.of(BatchRetry), RUNS.of(bindings).retry_after),
        asks=ApprovalTerms(managing_role(design)),
        bound=f"{policy.source.subject} {method}",
    )


def source_of(
    subject: str, design: Design, bindings: Bindings, kinds: Kinds, *, clock: Clock = system_clock
) -> BackupSource | Message:
    """Return where a subject is backed up from and to, or why it can't be."""
    bound = BACKUPS.of(bindings).get(subject)
    if bound is None:
        return Message(
            "backup.subject-not-bound",
            subject=subject,
            file=bindings.file,
            section=f'[backups."{subject}"]',
            kinds=[f'"{name}"' for name in kinds.of(ENGINE_KINDS)] or ['"…"'],
        )
    kind = kinds.of(ENGINE_KINDS)[bound.kind]
    rows = [row for row in design.of(BackupPolicy) if row.subject == subject]
    store_name = bound.config.store or _destination(rows)
    # The engine's own place is not one of our stores, even if the row's destination names one of those.
    store = bindings.stores.get(store_name) if kind.needs_store else None
    if kind.needs_store and store is None:
        return Message("backup.store-not-bound", store=store_name, file=bindings.file, subject=subject)
    return BackupSource(
        subject=subject,
        kind_name=bound.kind,
        kind=kind,
        config=bound.config,
        store_name=store_name,
        store_kind=kinds.of(STORE_KINDS)[store.kind] if store is not None else None,
        store_config=store.config if store is not None else None,
        keep=_keep(rows),
        digest=design.digest,
        procedures=tuple(design.of(RestoreProcedure)),
        zone=bindings.system.zone,
        clock=clock,
    )


def clause_of(subject: str, method: Method, design: Design) -> str:
    """Return the id of the policy's row for *method* of *subject*; empty if there is none."""
    for row in design.of(BackupPolicy):
        named = read_backup_method(row.method)
        if row.subject == subject and named is not None and _METHODS.get(named) is method:
            return row.id
    return ""


def days_of(retention: Retention | None) -> int | None:
    """Return a retention in whole days, as buckets count; None if the document gives no duration."""
    if not isinstance(retention, Duration):
        return None
    return max(math.ceil(retention.as_timedelta() / timedelta(days=1)), 1)


def doing(row: BackupPolicy, method: Method, design: Design, bindings: Bindings) -> str:
    """Return the batch that makes the backup *row* asks for; empty if the row's own work does."""
    in_document = {batch.batch_id or batch.name for batch in design.of(Batch)}
    for key, bound in BATCHES.of(bindings).items():
        config: Any = bound.config
        if not isinstance(config, BackupBatch) or key not in in_document:
            continue
        if (config.subject, config.method) == (row.subject, method):
            return key
    return ""


def _plan_row(planning: _Planning, row: BackupPolicy) -> Message:
    """Add *row* to the plan, or return why it does not run."""
    method = read_backup_method(row.method)
    if method is None:
        return Message("backup.method-not-known", method=row.method)
    if method is BackupMethod.VERSIONING:
        return _plan_guard(planning, row)
    source = planning.sources.get(row.subject) or source_of(
        row.subject, planning.design, planning.bindings, planning.kinds, clock=planning.clock
    )
    if isinstance(source, Message):
        return source
    if not source.kind.methods:
        return _unable(source, row)
    planning.sources[row.subject] = source
    if method is BackupMethod.LOG:
        planning.policies.append(Policy(row, method, source, work=""))
        return NOTHING
    return _plan_copies(planning, row, method, source)


def _plan_guard(planning: _Planning, row: BackupPolicy) -> Message:
    source = source_of(row.subject, planning.design, planning.bindings, planning.kinds, clock=planning.clock)
    if isinstance(source, Message) or not source.kind.keeps_versions:
        return Message("backup.bucket-not-bound", subject=row.subject, file=planning.bindings.file)
    planning.guards.append(Policy(row, BackupMethod.VERSIONING, source, work=""))
    return NOTHING


def _plan_copies(
    planning: _Planning, row: BackupPolicy, method: BackupMethod, source: BackupSource
) -> Message:
    wanted = _METHODS[method]
    if wanted not in source.kind.methods:
        return _unable(source, row)
    batch = doing(row, wanted, planning.design, planning.bindings)
    key = batch or key_of(row.subject, wanted)
    if any(policy.work == key for policy in planning.policies):
        return Message("backup.ordered-twice", subject=row.subject, method=row.method)
    if not batch and (why := _why_never_due(row, planning.bindings)):
        return why
    planning.policies.append(Policy(row, method, source, key, is_batch=bool(batch)))
    return NOTHING


def _unable(source: BackupSource, row: BackupPolicy) -> Message:
    return Message("backup.kind-cannot-take", kind=source.kind_name, method=row.method)


def _why_never_due(row: BackupPolicy, bindings: Bindings) -> Message:
    if not row.schedules:
        return Message("backup.no-schedule")
    schedule = row.schedules[0]
    if not is_ever_due(schedule, bindings.system):
        return Message("backup.schedule-without-times", schedule=schedule.text)
    return NOTHING


def _why_unjudged(objective: RecoveryObjective, planning: _Planning) -> Message:
    if objective.subject and objective.subject in {guard.row.subject for guard in planning.guards}:
        return Message("backup.bucket-keeps-versions")
    if objective.subject and objective.subject not in planning.sources:
        return Message("backup.objective-without-backup", subject=objective.subject)
    if not planning.sources:
        return Message("backup.none-bound", file=planning.bindings.file)
    return NOTHING


def _destination(rows: list[BackupPolicy]) -> str:
    """Return where the full copies go: increments are based on them, and stay with them."""
    fulls = [row for row in rows if read_backup_method(row.method) is BackupMethod.FULL]
    return next((row.destination for row in [*fulls, *rows] if row.destination), "")


def _keep(rows: list[BackupPolicy]) -> dict[Method, CopyRetention]:
    found: dict[Method, CopyRetention] = {}
    for row in rows:
        method = _METHODS.get(read_backup_method(row.method) or BackupMethod.LOG)
        if method is not None:
            found.setdefault(method, CopyRetention(row.generations, row.retention))
    return found


def _retry_delays(retries: tuple[BatchRetry, ...], unsaid: timedelta) -> tuple[timedelta, ...]:
    """Return the delays of the document's rule for batches; without one, one retry after *unsaid*."""
    return retries[0].rule.waits(unsaid) if retries else (unsaid,)
