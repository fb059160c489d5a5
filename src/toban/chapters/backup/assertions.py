"""Whether the newest moment can be restored, and fast enough, as a decision says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.backup import catalogue, report, rules
from toban.chapters.backup.drills.routine import DrillPlan
from toban.chapters.backup.models import Drill
from toban.chapters.backup.operation import OPERATION
from toban.chapters.backup.rules import RestorePoint
from toban.chapters.backup.service import recovery_of
from toban.chapters.backup.works import BackupPlan
from toban.design.acts import same_acts
from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.design.clauses.routine import Routine
from toban.design.values.metric import Metric
from toban.engine.amounts import length
from toban.engine.bindings.model import System
from toban.engine.calendar.due import next_due
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample, Judge, Judgement
from toban.engine.evidence.current import status_of
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.message import NOTHING, Message, listing

_LATE = timedelta(days=1)
"""How much older than its period a drill may be: it takes hours, and it is repeated when it breaks off."""

_ROUNDED = timedelta(seconds=1)


def judge_rpo(decision: Decision, edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about what may be lost. See `Judge`."""
    return _as_objective(decision, "RPO", edition, now)


def judge_rto(decision: Decision, edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about how long a restore may take, as drills have measured it. See `Judge`."""
    found = _as_objective(decision, "RTO", edition, now)
    if found.verdict is not Verdict.CONFORMING:
        return found
    plan = edition.plan(OPERATION)
    return judged_age(found, list(_ages(plan.backups, plan.drills, edition.bindings.system)), now)


def _as_objective(decision: Decision, objective: str, edition: Edition, now: datetime) -> Judgement:
    plan, leading = edition.plan(OPERATION).backups, _leading(decision, edition)
    if leading is not None and leading in plan.objectives:
        return _as_shown(leading, now)
    if decision.promised is None or not plan.sources:
        why = plan.unbound.get(leading.id, NOTHING) if leading is not None else NOTHING
        said = why or Message("backup.none-bound", file=edition.bindings.file)
        return Judgement(verdict=Verdict.UNBOUND, reason=said)
    own = RecoveryObjective(
        id=decision.id,
        origin=decision.origin,
        text=decision.text,
        objective=objective,
        subject="",
        limit=decision.promised,
    )
    moments = {subject: _moment(subject) for subject in plan.sources}
    found = report.objective_status(recovery_of(own, plan, moments, edition.bindings.system, now), now)
    against = [CounterExample(found.reason, _backups())] if found.verdict is Verdict.DEVIATING else []
    return Judgement(verdict=found.verdict, reason=found.reason, value=found.value, against=against)


def _leading(decision: Decision, edition: Edition) -> RecoveryObjective | None:
    """Return the row of chapter 4 that promises the same."""
    for act in same_acts(edition.design):
        if decision in act.others and isinstance(act.leading, RecoveryObjective):
            return act.leading
    return None


def _as_shown(leading: RecoveryObjective, now: datetime) -> Judgement:
    """Return what is shown for *leading*: one measurement proves all rows of an act."""
    shown = status_of(leading.id, now)
    if shown is None:
        return Judgement(verdict=Verdict.NOT_MEASURABLE, reason=Message("backup.not-measured-yet"))
    verdict = Verdict(shown.verdict)
    against = [CounterExample.of_row(leading, shown.reason)] if verdict is Verdict.DEVIATING else []
    return Judgement(
        verdict=verdict,
        reason=Message("engine.same-act", row=str(leading.origin), why=shown.reason),
        value=shown.value,
        against=against,
        proof={"row": leading.id},
        next_due=shown.next_due,
        is_told=True,
    )


def _moment(subject: str) -> RestorePoint | None:
    """Return the newest moment by the catalogue, or by what was measured of a log that is kept elsewhere."""
    found = rules.newest_moment(catalogue.copies(subject), catalogue.stretches(subject))
    if found is None:
        return None
    try:
        measured = telemetry().latest(subject, Metric.BACKUP_AGE)
    except StoreUnavailable:
        return found
    newest = max((each.at - timedelta(seconds=each.value) for each in measured), default=found.at)
    is_ahead = newest - found.at > _ROUNDED
    return RestorePoint(newest, found.label, is_by_log=True) if is_ahead else found


@dataclass(frozen=True, slots=True)
class DrillAge:
    """When a subject's restore was last rehearsed, and how often it is to be."""

    subject: str
    drill: int
    held_at: datetime
    period: timedelta | None
    """None if the document says nothing of it."""

    def is_too_old(self, now: datetime) -> bool:
        """Return whether it is older than the document's period."""
        return self.period is not None and now - self.held_at > self.period + _LATE


def _ages(backups: BackupPlan, drills: DrillPlan, system: System) -> Iterator[DrillAge]:
    for subject in backups.sources:
        last = Drill.objects.filter(subject=subject, is_passed=True).order_by("-started_at").first()
        routine = drills.routines.get(subject)
        if last is not None:
            period = _period(routine, system, last.started_at) if routine is not None else None
            yield DrillAge(subject, last.pk, last.started_at, period)


def _period(routine: Routine, system: System, since: datetime) -> timedelta | None:
    """Return the time between two drills after *since*."""
    first = next_due(routine, system, since)
    second = next_due(routine, system, first) if first is not None else None
    return second - first if first is not None and second is not None else None


def judged_age(found: Judgement, ages: Sequence[DrillAge], now: datetime) -> Judgement:
    """Judge a recovery time that is met by how old the drills are that measured it. Pure."""
    old = [each for each in ages if each.is_too_old(now)]
    if not old:
        return found
    against = [CounterExample(_aged(each, now), _drill(each)) for each in old]
    return Judgement(
        verdict=Verdict.DEVIATING,
        reason=listing([each.text for each in against]),
        value=found.value,
        against=against,
        proof={**found.proof, "drills": {each.subject: each.held_at.isoformat() for each in old}},
        next_due=found.next_due,
    )


def _aged(each: DrillAge, now: datetime) -> Message:
    period = length(each.period) if each.period is not None else NOTHING
    return Message(
        "backup.drill-too-old", subject=each.subject, age=length(now - each.held_at), period=period
    )


def _drill(each: DrillAge) -> Link:
    return Link("drill", Message("backup.page"), (each.drill,))


def _backups() -> Link:
    return Link("backups", Message("backup.page"))


ASSERTIONS: Mapping[DecisionSubject, Judge] = {
    DecisionSubject.RPO: judge_rpo,
    DecisionSubject.RTO: judge_rto,
}
