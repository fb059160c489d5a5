"""Chapter 4 at work: reports on the backups, even when they only grow old quietly."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from toban.chapters.backup import catalogue, report, rules, upkeep
from toban.chapters.backup.engine import BackupFailed, KeepsLog
from toban.chapters.backup.models import Backup, Drill
from toban.chapters.backup.report import Guard, PolicyReport, Recovery
from toban.chapters.backup.rules import RestorePoint
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.works import BackupPlan, Policy
from toban.design.clauses.backup import RecoveryObjective
from toban.design.values.backup_method import BackupMethod
from toban.design.values.metric import Metric
from toban.design.values.schedule import Schedule
from toban.engine.amounts import length
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times, lasts, next_due
from toban.engine.clock import Clock
from toban.engine.evidence import status
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import alerts
from toban.engine.runs.models import Run
from toban.engine.stores.store import StoreTrouble
from toban.engine.telemetry.samples import Sample
from toban.message import NOTHING, Message, message_of

_UNDONE = (*Run.OPEN, Run.State.SHADOW)
_LOOKED_AT_DUE = 3
_SETTINGS_LAST = timedelta(minutes=10)
"""How often the settings of buckets are checked: they change only by hand."""
_LONGEST_LOOK_BACK = timedelta(days=800)

type Longest = Callable[[datetime], timedelta]
"""How long an objective's limit is from a moment on."""

log = structlog.get_logger(__name__)


class Backups:
    """The backups of the edition in force. One thread drives `tell`, another `look`."""

    def __init__(self, clock: Clock, measured: Callable[[Sequence[Sample]], None]) -> None:
        """Pass the ages of the newest restorable moments to *measured*."""
        self._clock = clock
        self._measured = measured
        self._plan: BackupPlan | None = None
        self._system = System()
        self._digest = ""
        self._logs: dict[str, datetime] = {}
        """For engines that keep a log elsewhere: subject → how far it goes."""
        self._stores: dict[str, Message] = {}
        """Subject → how its store itself protects against loss."""
        self._guards: dict[str, Guard] = {}
        """Row id → the settings of its bucket when last checked."""
        self._guarded_at: datetime | None = None

    def adopt(self, plan: BackupPlan, system: System, digest: str) -> None:
        """Report on *plan* from now on."""
        if plan is self._plan:
            return
        self._system, self._digest = system, digest
        self._plan, self._guarded_at = plan, None

    def tell(self) -> Sequence[PolicyReport]:
        """Show every row's status and report what is wrong; return the reports of the policy's rows."""
        plan, now = self._plan, self._clock()
        if plan is None:
            return ()
        moments = {subject: self._moment(subject) for subject in plan.sources}
        rows = [self._row(policy, moments[policy.source.subject], now) for policy in plan.policies]
        recoveries = [recovery_of(each, plan, moments, self._system, now) for each in plan.objectives]
        guards = [self._guards.get(each.row.id, Guard(each.row, None, NOTHING)) for each in plan.guards]
        updates = [
            *(report.status(row, now) for row in rows),
            *(report.guard_status(guard, now) for guard in guards),
            *(report.objective_status(each, now) for each in recoveries),
        ]
        signals = [
            *(report.signal(row, now) for row in rows),
            *(report.guard_signal(guard, now) for guard in guards if guard.seen is not None),
            *(report.objective_signal(each, now) for each in recoveries),
        ]
        with transaction.atomic():
            status.show(updates, now, self._digest)
            alerts.report(signals, now, self._digest)
        return rows

    def look(self) -> None:
        """Ask engines with a log of their own how far it goes, and measure how old each newest moment is.

        Takes as long as the engines need to answer.
        """
        plan = self._plan
        if plan is None:
            return
        for source in plan.sources.values():
            self._look_at_log(source)
        now = self._clock()
        if self._guarded_at is None or now - self._guarded_at >= _SETTINGS_LAST:
            self._guards = {each.row.id: _seen(each) for each in plan.guards}
            self._stores = {source.subject: _guarded_by(source) for source in plan.sources.values()}
            self._guarded_at = now
        ages = ((subject, self._moment(subject)) for subject in plan.sources)
        self._measured(
            [
                Sample(Metric.BACKUP_AGE, subject, subject, now, (now - moment.at).total_seconds())
                for subject, moment in ages
                if moment is not None
            ]
        )

    def _look_at_log(self, source: BackupSource) -> None:
        try:
            with source.opened() as at_work:
                if isinstance(at_work.engine, KeepsLog):
                    newest = at_work.engine.newest_moment()
                    if newest is not None:
                        self._logs[source.subject] = newest
        except (BackupFailed, StoreTrouble) as error:
            log.warning("log_not_seen", subject=source.subject, reason=message_of(error).as_json())

    def _moment(self, subject: str) -> RestorePoint | None:
        copies = catalogue.copies(subject)
        found = rules.newest_moment(copies, catalogue.stretches(subject))
        elsewhere = self._logs.get(subject)
        if elsewhere is not None and found is not None and elsewhere > found.at:
            return RestorePoint(elsewhere, found.label, is_by_log=True)
        return found

    def _row(self, policy: Policy, moment: RestorePoint | None, now: datetime) -> PolicyReport:
        copies = rules.row_copies(catalogue.copies(policy.source.subject), policy.method)
        newest = copies.newest.ended_at if copies.newest is not None else None
        runs = Run.objects.filter(work=policy.work)
        return PolicyReport(
            policy=policy.row,
            work=policy.work,
            is_batch=policy.is_batch,
            is_log=policy.method is BackupMethod.LOG,
            copies=copies,
            freshness=rules.freshness(newest, self._due(policy, now), now, policy.source.config.late_after),
            moment=moment,
            log_lag=policy.source.config.log_lag,
            guard=self._stores.get(policy.source.subject, NOTHING),
            last=runs.filter(due_at__lte=now).exclude(state__in=_UNDONE).order_by("-due_at").first(),
            current=runs.filter(state__in=Run.OPEN, due_at__lte=now).order_by("due_at").first(),
            next_due=next_due(policy.row, self._system, now),
            zone=self._system.zone,
        )

    def _due(self, policy: Policy, now: datetime) -> list[datetime]:
        """Return the last times that the row was due since it first ran, in order."""
        first = Run.objects.filter(work=policy.work).order_by("due_at").first()
        if first is None or not policy.row.schedules:
            return []
        return last_due(policy.row.schedules[0], self._system, first.due_at, now)


def recovery_of(
    objective: RecoveryObjective,
    plan: BackupPlan,
    moments: Mapping[str, RestorePoint | None],
    system: System,
    now: datetime,
) -> Recovery:
    """Return what is measured for *objective*: the worst among the subjects of *plan* that it applies to."""
    zone = system.zone
    longest = partial(lasts, objective.limit, system=system, hours=plan.office)
    found = []
    for subject in (each for each in plan.sources if objective.subject in {"", each}):
        moment = moments[subject]
        if moment is None:
            found.append(_nothing_restorable(objective, subject, plan, longest, zone, now))
        elif objective.objective == "RPO":
            found.append(_rpo(objective, subject, moment, longest, zone, now))
        else:
            found.append(_rto(objective, subject, longest, zone))
    nothing = Message("backup.nothing-to-drill")
    return report.worst(found) or Recovery(objective=objective, measured=None, subject="", reason=nothing)


def _guarded_by(source: BackupSource) -> Message:
    try:
        with source.opened() as at_work:
            return at_work.store.guard() if at_work.store is not None else NOTHING
    except (BackupFailed, StoreTrouble) as error:
        # Backups do not need this permission: a failure to look is not a failure of the backups.
        log.warning("guard_of_store_not_seen", subject=source.subject, reason=message_of(error).as_json())
        return Message("backup.guard-not-visible")


def _seen(policy: Policy) -> Guard:
    try:
        return Guard(policy.row, upkeep.guarded(policy), NOTHING)
    except StoreTrouble as error:
        return Guard(policy.row, None, message_of(error))


def last_due(schedule: Schedule, system: System, since: datetime, now: datetime) -> list[datetime]:
    """Return the last few times that *schedule* was due from *since* to *now*, in order."""
    back = timedelta(days=3)
    while True:
        start = max(since, now - back)
        found = list(due_times(schedule, system, start, now + timedelta(microseconds=1)))
        if len(found) >= _LOOKED_AT_DUE or start == since or back > _LONGEST_LOOK_BACK:
            return found[-_LOOKED_AT_DUE:]
        back *= 8


def _rpo(
    objective: RecoveryObjective,
    subject: str,
    moment: RestorePoint,
    longest: Longest,
    zone: ZoneInfo,
    now: datetime,
) -> Recovery:
    at = f"{moment.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    reason = Message("backup.newest-moment", at=at, label=moment.label)
    if moment.is_by_log:
        reason = Message("backup.newest-moment-of-log", at=at)
    return Recovery(
        objective=objective,
        measured=now - moment.at,
        subject=subject,
        reason=reason,
        since=moment.at,
        allowed=longest(moment.at),
    )


def _nothing_restorable(
    objective: RecoveryObjective,
    subject: str,
    plan: BackupPlan,
    longest: Longest,
    zone: ZoneInfo,
    now: datetime,
) -> Recovery:
    """Judge a subject of which nothing can be restored: an RPO is missed as soon as something should be."""
    reason, since = Message("backup.nothing-restorable-yet", subject=subject), None
    copies = catalogue.copies(subject)
    works = {policy.work for policy in plan.policies if policy.source.subject == subject}
    first = Run.objects.filter(work__in=works, due_at__lte=now).order_by("due_at").first()
    missed = Verdict.DEVIATING if objective.objective == "RPO" else Verdict.NOT_MEASURABLE
    verdict = Verdict.NOT_DUE if first is None else Verdict.NOT_MEASURABLE
    if copies:
        trouble = rules.why_unusable(copies[-1], {copy.label: copy for copy in copies})
        reason = Message("backup.nothing-restorable", subject=subject, count=len(copies), trouble=trouble)
        verdict = missed
    elif first is not None and now - first.due_at > longest(first.due_at):
        since, verdict = first.due_at, missed
        reason = Message("backup.nothing-restorable-since", subject=subject, due=since.astimezone(zone))
    return Recovery(
        objective=objective,
        measured=None,
        subject=subject,
        reason=reason,
        since=since,
        allowed=longest(since) if since is not None else None,
        unmeasured=verdict,
    )


def _rto(objective: RecoveryObjective, subject: str, longest: Longest, zone: ZoneInfo) -> Recovery:
    drills = Drill.objects.filter(subject=subject)
    drill = drills.exclude(is_passed=None).order_by("-started_at").first()
    if drill is None or not drill.is_passed or drill.rto_seconds is None:
        reason = Message("backup.no-drill-of-subject-yet", subject=subject)
        if drill is not None and not drill.is_passed:
            on = drill.started_at.astimezone(zone).date()
            reason = Message("backup.last-drill-failed", subject=subject, on=on)
        verdict = Verdict.NOT_MEASURABLE if drills.exists() else Verdict.NOT_DUE
        return Recovery(
            objective=objective, measured=None, subject=subject, reason=reason, unmeasured=verdict
        )
    then = Backup.objects.filter(subject=subject, label=drill.label).first()
    newest = Backup.objects.filter(subject=subject, method="full").order_by("-ended_at").first()
    seconds = rules.scaled_recovery(
        drill.rto_seconds, then.source_bytes if then else 0, newest.source_bytes if newest else 0
    )
    on, took = drill.started_at.astimezone(zone).date(), length(timedelta(seconds=drill.rto_seconds))
    return Recovery(
        objective=objective,
        measured=timedelta(seconds=seconds),
        subject=subject,
        reason=Message("backup.scaled-from-drill", on=on, took=took),
        allowed=longest(drill.started_at),
    )
