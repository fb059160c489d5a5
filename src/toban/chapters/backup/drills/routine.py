"""The document's drills: its routine as works of the run ledger, and the record and report of each drill."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import transaction

from toban.chapters.backup.drills.check import RESULTS
from toban.chapters.backup.drills.rehearsal import DrillOutcome, rehearse
from toban.chapters.backup.drills.sign_off import DrillSignOffs, sign_offs
from toban.chapters.backup.engine import ActWatch, BackupFailed
from toban.chapters.backup.models import Backup, Drill
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.taking.turns import NoTurn
from toban.design.acts import is_restore_test
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.design.values.schedule import Cadence
from toban.engine.amounts import length
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.model import Bindings, System
from toban.engine.calendar.due import has_days, next_due
from toban.engine.editions.announcements import managing_role
from toban.engine.evidence import ledger, status
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.extension import Link
from toban.engine.message_field import storable
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.engine.tasks.windows import is_overdue
from toban.message import NOTHING, Message, message_of, plain

_VERDICTS = {True: Verdict.CONFORMING, False: Verdict.DEVIATING, None: Verdict.NOT_MEASURABLE}
_CONDITIONS = {True: Condition.OK, False: Condition.CRITICAL, None: Condition.NO_DATA}
_WORST_FIRST = (False, None, True)
_NOT_HELD = (Run.State.MISSED, Run.State.SKIPPED, Run.State.CANCELLED, Run.State.FAILED)
_UNFINISHED = Message("backup.drill-broke-off")


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """The routines that Toban carries out itself."""

    works: Mapping[str, Work]
    routines: Mapping[str, Routine]
    """Subject → the clause that orders its drill."""
    unbound: Mapping[str, Message]
    """Clause id → why it is left to people."""
    system: System
    file: str
    """Where drills are bound."""
    sign_offs: DrillSignOffs = field(default_factory=DrillSignOffs)

    @property
    def rows(self) -> Mapping[str, Message]:
        """See `Plan`."""
        return {**{routine.id: NOTHING for routine in self.routines.values()}, **self.unbound}


def key_of(subject: str) -> str:
    """Return the key under which a subject's drill can be ordered: `PostgreSQL/drill`."""
    return f"{subject}/drill"


def plan(design: Design, bindings: Bindings, sources: Mapping[str, BackupSource]) -> DrillPlan:
    """Return the drills that *design* orders, for the subjects whose binding says how."""
    drilled = {subject: source for subject, source in sources.items() if source.config.drill is not None}
    found = [routine for routine in design.of(Routine) if is_restore_test(routine)]
    why = _why_never_held(found, sources, drilled, bindings)
    routines = {} if why else {subject: _timed(found[0], each) for subject, each in drilled.items() if found}
    asks = ApprovalTerms(managing_role(design))
    works = {
        key_of(subject): _work(drilled[subject], each, bindings, asks) for subject, each in routines.items()
    }
    unbound = {each.id: why for each in found if why}
    tasks = sign_offs(routines.values(), design, bindings)
    return DrillPlan(works, routines, unbound, bindings.system, bindings.file, tasks)


def _why_never_held(
    found: Sequence[Routine],
    sources: Mapping[str, BackupSource],
    drilled: Mapping[str, BackupSource],
    bindings: Bindings,
) -> Message:
    if not sources:
        return Message("backup.none-bound", file=bindings.file)
    if not drilled:
        return Message("backup.drill-not-bound", file=bindings.file)
    if found and not has_days(found[0], bindings.system):
        return Message("backup.drill-without-days", schedule=found[0].schedule.text)
    return NOTHING


def routine_of(design: Design, source: BackupSource) -> Routine | None:
    """Return the row that orders the drill of *source*, with the time of day at which it is due."""
    ordered = next((routine for routine in design.of(Routine) if is_restore_test(routine)), None)
    return _timed(ordered, source) if ordered is not None else None


def _timed(routine: Routine, source: BackupSource) -> Routine:
    """Return *routine* with a time of day: people choose one themselves, a work can't."""
    schedule, drill = routine.schedule, source.config.drill
    if schedule.at is not None or schedule.cadence is Cadence.INTERVAL or drill is None:
        return routine
    return replace(routine, schedule=replace(schedule, at=drill.at))


def _work(source: BackupSource, routine: Routine, bindings: Bindings, asks: ApprovalTerms) -> Work:
    return Work(
        key=key_of(source.subject),
        clause_id=routine.id,
        document_digest=source.digest,
        steps=(Step("rehearse", lambda turn: _step(source, routine, bindings.system, turn)),),
        schedule=routine.schedule,
        system=bindings.system,
        asks=asks,
        bound=f"{source.subject} restore drill",
    )


def _step(source: BackupSource, routine: Routine, system: System, turn: RunTurn) -> object:
    try:
        drill = hold(source, turn, routine=routine, system=system, run=turn.run_id)
    except (BackupFailed, NoTurn) as failure:
        raise StepFailed(message_of(failure), turn.why_stop() or RunReason.FAILED) from failure
    if drill.is_passed is False:
        # The same backup would fail again: somebody must look.
        said = Message("backup.drill-not-passed", reason=drill.reason)
        raise StepFailed(said, RunReason.NOT_RUNNABLE)
    return came_of(drill)


def came_of(drill: Drill) -> Message:
    """Return the result of *drill*, which did not fail, in one line: the text of its run."""
    if drill.is_passed is None:
        return Message("backup.drill-undecided", reason=drill.reason)
    if drill.rto_seconds is None:
        return Message("backup.drill-passed", label=drill.label)
    took = length(timedelta(seconds=drill.rto_seconds))
    return Message("backup.drill-passed-in", label=drill.label, took=took)


def hold(
    source: BackupSource,
    watch: ActWatch,
    *,
    routine: Routine | None,
    system: System,
    run: int | None = None,
    rehearsal: Callable[..., DrillOutcome] = rehearse,
) -> Drill:
    """Run a drill and record it: row, evidence, the clause's status, the alert that it opens or ends.

    Raises `BackupFailed` or `NoTurn` when asked to stop; then the row says that the drill was interrupted.
    """
    subject, clause = source.subject, routine.id if routine is not None else ""
    Drill.objects.filter(subject=subject, ended_at=None).update(reason=_UNFINISHED)
    drill = Drill.objects.create(subject=subject, clause_id=clause, started_at=source.clock(), run=run)
    try:
        outcome = rehearsal(source, watch, run=run)
    except (BackupFailed, NoTurn) as failure:
        drill.ended_at, drill.reason = source.clock(), message_of(failure)
        drill.save(update_fields=["ended_at", "reason"])
        raise
    _keep(drill, outcome, source, routine, system)
    return drill


def _keep(
    drill: Drill, outcome: DrillOutcome, source: BackupSource, routine: Routine | None, system: System
) -> None:
    now = source.clock()
    drill.ended_at, drill.label, drill.target = now, outcome.label, outcome.target
    drill.is_passed, drill.reason = outcome.passed, outcome.why_not
    drill.rpo_seconds, drill.rto_seconds = outcome.rpo_seconds, outcome.rto_seconds
    drill.phases = {name: round(seconds, 3) for name, seconds in outcome.phases.items()}
    drill.checks = [check.as_json() for check in outcome.checks]
    with transaction.atomic():
        ledger.hold()
        (entry,) = ledger.append(_evidence(drill, source), now=now)
        drill.evidence_sequence = entry.sequence
        drill.save()
        if outcome.rto_seconds is not None:
            chain = Backup.objects.filter(subject=drill.subject, label=drill.label)
            chain.update(restored_at=now)
        if routine is not None:
            if not is_overdue(routine.id, now):
                update = status_of(_worst(routine), routine, system, now)
                status.show([update], now, source.digest)
            alerts.report([signal_of(drill, routine, now)], now, source.digest)


def _worst(routine: Routine) -> Drill:
    """Return the drill that decides the routine's verdict: the worst of its subjects' last drills."""
    held = Drill.objects.filter(clause_id=routine.id).exclude(evidence_sequence=None).order_by("started_at")
    last = {drill.subject: drill for drill in held}
    return min(last.values(), key=lambda drill: (_WORST_FIRST.index(drill.is_passed), drill.subject))


def _evidence(drill: Drill, source: BackupSource) -> ledger.Record:
    content = {
        "verdict": _VERDICTS[drill.is_passed].value,
        "event": "restore-drill",
        "drill": drill.pk,
        "subject": drill.subject,
        "label": drill.label,
        "target": drill.target.isoformat() if drill.target else "",
        "rpo_seconds": drill.rpo_seconds,
        "rto_seconds": drill.rto_seconds,
        "phases": drill.phases,
        "checks": drill.checks,
        "reason": storable(drill.reason).as_json(),
    }
    return ledger.Record(
        LedgerEntry.Kind.VERDICT, content, clause_id=drill.clause_id, document_digest=source.digest
    )


def status_of(drill: Drill, routine: Routine, system: System, now: datetime) -> StatusUpdate:
    """Return the routine's status for the page after *drill*."""
    on, result = drill.started_at.astimezone(system.zone).date(), RESULTS[drill.is_passed]
    value = Message("backup.drill-result", on=on, result=result)
    if drill.rto_seconds is not None:
        seconds = round(drill.rto_seconds)
        value = Message("backup.drill-result-and-time", on=on, result=result, seconds=seconds)
    return StatusUpdate(
        clause_id=routine.id,
        verdict=_VERDICTS[drill.is_passed],
        value=value,
        reason=drill.reason,
        observed_at=now,
        next_due=next_due(routine, system, now),
        proof={"drill": drill.pk, "evidence": drill.evidence_sequence},
    )


def signal_of(drill: Drill, routine: Routine, now: datetime) -> Signal:
    """Return the signal of *drill*: a failed drill opens an alert, a passed one ends it."""
    condition = _CONDITIONS[drill.is_passed]
    is_ok = condition is Condition.OK
    return Signal(
        key=f"{routine.id}/{drill.subject}",
        clause_id=routine.id,
        citation=str(routine.origin),
        clause_text=routine.text,
        condition=condition,
        subject=plain(f"{routine.name} {drill.subject}"),
        value=drill.reason or RESULTS[True],
        limit=NOTHING if is_ok else Message("backup.restorable-from-backup"),
        began_at=drill.started_at,
        detected_at=now,
        advice=NOTHING if is_ok else Message("backup.repeat-the-drill", subject=drill.subject),
    )


def standing(drills: DrillPlan, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of every routine: its last drill, or that the last one due was not held."""
    for subject, routine in drills.routines.items():
        due = next_due(routine, drills.system, now)
        reason = not_held(subject, drills, now)
        if reason is not None:
            yield StatusUpdate(routine.id, Verdict.NOT_PERFORMED, NOTHING, reason, now, due)
        elif _last_of(subject) is None:
            reason = Message("backup.no-drill-yet", subject=subject)
            yield StatusUpdate(routine.id, Verdict.NOT_DUE, NOTHING, reason, now, due)
        else:
            yield status_of(_worst(routine), routine, drills.system, now)


def not_held(subject: str, drills: DrillPlan, now: datetime) -> Message | None:
    """Return why the last due drill of *subject* was not held; None if it was, or none was due."""
    last = _last_of(subject)
    runs = Run.objects.filter(work=key_of(subject), due_at__lte=now).exclude(state=Run.State.SHADOW)
    run = runs.order_by("-due_at").first()
    if run is None or run.state not in _NOT_HELD or (last is not None and last.started_at >= run.due_at):
        return None
    on = run.due_at.astimezone(drills.system.zone).date()
    return Message("backup.drill-not-held", on=on, note=run.note or run.reason)


def _last_of(subject: str) -> Drill | None:
    return Drill.objects.filter(subject=subject).exclude(evidence_sequence=None).order_by("-pk").first()


def to_do(design: Design, seen: EditionStatus) -> Iterator[ToDo]:
    """Yield the drills that need attention: the last one due did not run, or failed."""
    for routine in filter(is_restore_test, design.of(Routine)):
        row = seen.rows.get(routine.id)
        if row is not None and row.verdict in FIRING:
            yield ToDo(
                subject=plain(routine.name),
                link=Link("backups", Message("backup.rehearse-the-restore")),
                at=row.since,
                clause_id=routine.id,
                verdict=row.verdict,
                assignee=routine.person,
            )
