"""Chapter 4 at work: reports on the backups, even when they only grow old quietly."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
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
from toban.engine.calendar.due import due_times, next_due
from toban.engine.clock import Clock
from toban.engine.evidence import status
from toban.engine.notify import alerts
from toban.engine.runs.models import Run
from toban.engine.stores.store import StoreTrouble
from toban.engine.telemetry.samples import Sample
from toban.message import NOTHING, Message, message_of

_OPEN = (Run.State.WAITING, Run.State.RUNNING)
_LOOKED_AT_DUE = 3
_SETTINGS_LAST = timedelta(minutes=10)
"""How often the settings of buckets are checked: they change only by hand."""
_LONGEST_LOOK_BACK = timedelta(days=800)

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

    def tell(self) -> None:
        """Show every row's status and report what is wrong."""
        plan, now = self._plan, self._clock()
        if plan is None:
            return
        moments = {subject: self._moment(subject) for subject in plan.sources}
        rows = [self._row(policy, moments[policy.source.subject], now) for policy in plan.policies]
        recoveries = [self._recovery(each, plan, moments, now) for each in plan.objectives]
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
        copies = catalogue.copies(policy.source.subject)
        own = [copy for copy in copies if copy.method.value == policy.method.value]
        runs = Run.objects.filter(work=policy.work)
        # A full copy contains more than the increment that was due, so it counts as one.
        counting = [
            copy for copy in rules.usable(copies) if copy in own or policy.method is not BackupMethod.FULL
        ]
        newest = max((copy.ended_at for copy in counting), default=None)
        return PolicyReport(
            policy=policy.row,
            work=policy.work,
            is_batch=policy.is_batch,
            is_log=policy.method is BackupMethod.LOG,
            copies=[copy for copy in own if copy.is_good],
            freshness=rules.freshness(newest, self._due(policy, now), now),
            moment=moment,
            trouble=catalogue.trouble_of_newest(policy.source.subject, policy.method.value),
            guard=self._stores.get(policy.source.subject, NOTHING),
            last=runs.filter(due_at__lte=now).exclude(state__in=_OPEN).order_by("-due_at").first(),
            current=runs.filter(state__in=_OPEN, due_at__lte=now).order_by("due_at").first(),
            next_due=next_due(policy.row, self._system, now),
            zone=self._system.zone,
        )

    def _due(self, policy: Policy, now: datetime) -> list[datetime]:
        """Return the last times that the row was due since it first ran, in order."""
        first = Run.objects.filter(work=policy.work).order_by("due_at").first()
        if first is None or not policy.row.schedules:
            return []
        return last_due(policy.row.schedules[0], self._system, first.due_at, now)

    def _recovery(
        self,
        objective: RecoveryObjective,
        plan: BackupPlan,
        moments: dict[str, RestorePoint | None],
        now: datetime,
    ) -> Recovery:
        subjects = [each for each in plan.sources if objective.subject in {"", each}]
        if objective.objective == "RPO":
            return _rpo(objective, {each: moments[each] for each in subjects}, self._system.zone, now)
        return _rto(objective, subjects, self._system.zone)


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
    objective: RecoveryObjective, moments: dict[str, RestorePoint | None], zone: ZoneInfo, now: datetime
) -> Recovery:
    missing = [subject for subject, moment in moments.items() if moment is None]
    if missing:
        reason = Message("backup.nothing-restorable-yet", subject=missing[0])
        return Recovery(objective=objective, measured=None, subject=missing[0], reason=reason)
    known = {subject: moment for subject, moment in moments.items() if moment is not None}
    subject = min(known, key=lambda each: known[each].at)
    oldest = known[subject]
    at = f"{oldest.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    reason = Message("backup.newest-moment", at=at, label=oldest.label)
    if oldest.is_by_log:
        reason = Message("backup.newest-moment-of-log", at=at)
    return Recovery(
        objective=objective,
        measured=now - oldest.at,
        subject=subject,
        reason=reason,
        since=oldest.at,
    )


def _rto(objective: RecoveryObjective, subjects: Sequence[str], zone: ZoneInfo) -> Recovery:
    worst: Recovery | None = None
    for measured in _drilled(objective, subjects, zone):
        if measured.measured is None:
            return measured
        if worst is None or worst.measured is None or measured.measured > worst.measured:
            worst = measured
    if worst is None:
        reason = Message("backup.nothing-to-drill")
        return Recovery(objective=objective, measured=None, subject="", reason=reason)
    return worst


def _drilled(objective: RecoveryObjective, subjects: Sequence[str], zone: ZoneInfo) -> Iterator[Recovery]:
    for subject in subjects:
        drill = Drill.objects.filter(subject=subject, is_passed=True).order_by("-started_at").first()
        if drill is None or drill.rto_seconds is None:
            reason = Message("backup.no-drill-of-subject-yet", subject=subject)
            yield Recovery(objective=objective, measured=None, subject=subject, reason=reason)
            continue
        then = Backup.objects.filter(subject=subject, label=drill.label).first()
        newest = Backup.objects.filter(subject=subject, method="full").order_by("-ended_at").first()
        seconds = rules.scaled_recovery(
            drill.rto_seconds, then.source_bytes if then else 0, newest.source_bytes if newest else 0
        )
        on = drill.started_at.astimezone(zone).date()
        took = length(timedelta(seconds=drill.rto_seconds))
        yield Recovery(
            objective=objective,
            measured=timedelta(seconds=seconds),
            subject=subject,
            reason=Message("backup.scaled-from-drill", on=on, took=took),
        )
