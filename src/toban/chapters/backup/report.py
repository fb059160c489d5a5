"""Reports on backups: a status for each row, a signal for the notifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.backup.engine import VersionGuard
from toban.chapters.backup.rules import Freshness, RestorePoint, RowCopies
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.amounts import length, size
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.models import Run
from toban.engine.runs.standing import ENDED
from toban.message import NOTHING, Message, plain, sentences

"""Streamed log that is older than this is not keeping up."""

_CONDITIONS = {
    Verdict.DEVIATING: Condition.CRITICAL,
    Verdict.NOT_PERFORMED: Condition.WARNING,
    Verdict.WARNING: Condition.WARNING,
}
_NOT_DONE = (Run.State.MISSED, Run.State.SKIPPED, Run.State.CANCELLED)
_PHASES = {
    name: Message(f"backup.phase-{name}")
    for name in (
        "prepare",
        "plan",
        "fetch",
        "restore",
        "analyze",
        "check",
        "combine",
        "log",
        "sync",
        "recover",
        "query",
        "compare",
        "checksums",
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReport:
    """A row of the policy, and its current state."""

    policy: BackupPolicy
    work: str
    is_batch: bool
    """Whether a batch makes it; chapter 6 reports that batch's runs."""
    is_log: bool
    copies: RowCopies
    freshness: Freshness
    moment: RestorePoint | None
    """The newest moment of the subject that can be restored."""
    log_lag: timedelta
    """How far the log may be behind."""
    guard: Message
    """How the store itself protects against loss; says nothing if it does not."""
    last: Run | None
    """The newest run that has ended."""
    current: Run | None
    """The oldest run whose time has come and that has not ended."""
    next_due: datetime | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """The judgement of a row."""

    verdict: Verdict
    reason: Message
    since: datetime | None = None
    """When it began, if that is known."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A row that a bucket carries out, and the bucket's settings when last checked."""

    policy: BackupPolicy
    seen: VersionGuard | None
    trouble: Message
    """Why they could not be checked."""


def guard_status(guard: Guard, now: datetime) -> StatusUpdate:
    """Return the row's status for the page."""
    found = _judged_guard(guard)
    value = guard.seen.value if guard.seen is not None else NOTHING
    return StatusUpdate(guard.policy.id, found.verdict, value, found.reason, now)


def guard_signal(guard: Guard, now: datetime) -> Signal:
    """Return the signal of a bucket's settings, which may need announcing."""
    found = _judged_guard(guard)
    condition = _CONDITIONS.get(found.verdict, Condition.OK)
    is_ok = condition is Condition.OK
    seen = guard.seen.value if guard.seen is not None else NOTHING
    return Signal(
        key=guard.policy.id,
        clause_id=guard.policy.id,
        citation=str(guard.policy.origin),
        clause_text=guard.policy.text,
        condition=condition,
        subject=_subject(guard.policy),
        value=seen if is_ok else found.reason,
        limit=NOTHING if is_ok else Message("backup.former-versions-are-kept"),
        began_at=now,
        detected_at=now,
        advice=NOTHING if is_ok else Message("backup.fix-bucket", subject=guard.policy.subject),
        labels={"target": guard.policy.subject, "item": guard.policy.method},
    )


def _judged_guard(guard: Guard) -> RowVerdict:
    if guard.seen is None:
        return RowVerdict(Verdict.NOT_MEASURABLE, guard.trouble or Message("backup.bucket-not-seen-yet"))
    differences = (*guard.seen.faults, *guard.seen.excesses)
    if not differences:
        return RowVerdict(Verdict.CONFORMING, Message("backup.bucket-conforms"))
    verdict = Verdict.DEVIATING if guard.seen.faults else Verdict.WARNING
    said = Message("backup.bucket-differs", differences=differences, subject=guard.policy.subject)
    return RowVerdict(verdict, said)


def judged(row: PolicyReport, now: datetime) -> RowVerdict:
    """Judge a row by the worst that is known about it."""
    if row.is_log:
        return _judged_log(row, now)
    return (
        _by_trouble(row)
        or _by_last_run(row)
        or _by_freshness(row)
        or _going_on(row)
        or RowVerdict(Verdict.CONFORMING, _standing(row))
    )


def status(row: PolicyReport, now: datetime) -> StatusUpdate:
    """Return the row's status for the page."""
    found = judged(row, now)
    newest = row.copies.newest
    proof = None
    if newest is not None:
        proof = {
            "label": newest.label,
            "ended_at": newest.ended_at.isoformat(),
            "copies": len(row.copies.own),
        }
    return StatusUpdate(
        clause_id=row.policy.id,
        verdict=found.verdict,
        value=_value(row),
        reason=found.reason,
        observed_at=now,
        next_due=row.next_due,
        proof=proof,
    )


def signal(row: PolicyReport, now: datetime) -> Signal:
    """Return the row's signal; backups that are too old are announced even if no run has failed."""
    found = judged(row, now)
    condition = _CONDITIONS.get(found.verdict, Condition.OK)
    is_ok = condition is Condition.OK
    return Signal(
        key=row.policy.id,
        clause_id=row.policy.id,
        citation=str(row.policy.origin),
        clause_text=row.policy.text,
        condition=condition,
        subject=_subject(row.policy),
        # Say what is wrong, not what is still fine: it is read at night, and in one line.
        value=_value(row) if is_ok else found.reason,
        limit=NOTHING if is_ok else Message("backup.taken-as-ordered"),
        began_at=found.since or now,
        detected_at=now,
        advice=NOTHING if is_ok else _advice(row),
        labels={"target": row.policy.subject, "item": row.policy.method},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """An objective, and what was measured for it."""

    objective: RecoveryObjective
    measured: timedelta | None
    """The worst value among the subjects that it applies to."""
    subject: str
    """The subject with that value."""
    reason: Message
    since: datetime | None = None
    """RPO: the newest moment that can be restored, or since when none has been."""
    allowed: timedelta | None = None
    """How long the limit is where a calendar was asked; None: its own length."""
    unmeasured: Verdict = Verdict.NOT_MEASURABLE
    """The verdict if nothing was measured: it is not due yet, or missed if nothing can be restored."""

    @property
    def longest(self) -> timedelta:
        """The longest that meets the objective."""
        return self.objective.limit.as_timedelta() if self.allowed is None else self.allowed


def worst(found: Sequence[Recovery]) -> Recovery | None:
    """Return the worst of what was *found* for one objective."""
    order = list(Verdict)
    return min(
        found,
        key=lambda each: (order.index(_objective_verdict(each)), -(each.measured or timedelta())),
        default=None,
    )


def objective_status(recovery: Recovery, now: datetime) -> StatusUpdate:
    """Return the status of RPO or RTO for the page."""
    objective, measured = recovery.objective, recovery.measured
    value = NOTHING
    if measured is not None:
        value = Message("backup.measured", length=length(measured), subject=recovery.subject)
    return StatusUpdate(objective.id, _objective_verdict(recovery), value, recovery.reason, now)


def objective_signal(recovery: Recovery, now: datetime) -> Signal:
    """Return the signal of RPO or RTO, which may need announcing."""
    objective, measured = recovery.objective, recovery.measured
    is_missed = _objective_verdict(recovery) is Verdict.DEVIATING
    began_at = now
    if is_missed and recovery.since is not None:
        began_at = min(recovery.since + recovery.longest, now)
    return Signal(
        key=objective.id,
        clause_id=objective.id,
        citation=str(objective.origin),
        clause_text=objective.text,
        condition=Condition.CRITICAL if is_missed else Condition.OK,
        subject=plain(f"{objective.objective} {recovery.subject}"),
        value=length(measured) if measured is not None else recovery.reason if is_missed else NOTHING,
        limit=Message("backup.within", limit=objective.limit) if is_missed else NOTHING,
        began_at=began_at,
        detected_at=now,
        advice=recovery.reason if is_missed and measured is not None else NOTHING,
        labels={"target": recovery.subject, "item": objective.objective},
    )


def _objective_verdict(recovery: Recovery) -> Verdict:
    if recovery.measured is None:
        return recovery.unmeasured
    # ">": a value of exactly the limit meets the objective.
    is_missed = recovery.measured > recovery.longest
    return Verdict.DEVIATING if is_missed else Verdict.CONFORMING


def _judged_log(row: PolicyReport, now: datetime) -> RowVerdict:
    moment = row.moment
    if moment is None:
        return _by_trouble(row) or RowVerdict(Verdict.NOT_MEASURABLE, Message("backup.no-full-for-the-log"))
    if not moment.is_by_log or now - moment.at > row.log_lag:
        said = Message("backup.log-stands-still", until=moment.at.astimezone(row.zone))
        return RowVerdict(Verdict.DEVIATING, said, moment.at)
    return RowVerdict(Verdict.CONFORMING, _standing(row))


def _by_trouble(row: PolicyReport) -> RowVerdict | None:
    trouble = row.copies.trouble
    if not trouble:
        return None
    return RowVerdict(Verdict.DEVIATING, Message("backup.newest-unreliable", trouble=trouble))


def _by_last_run(row: PolicyReport) -> RowVerdict | None:
    """Judge by the newest run; a batch reports its own runs."""
    last = row.last
    if row.is_batch or last is None or last.ended_at is None:
        return None
    newest = row.copies.newest
    is_taken = newest is not None and newest.ended_at >= (last.began_at or last.due_at)
    if last.state == Run.State.FAILED:
        if is_taken:
            said = Message("backup.failed-after-taking", note=last.note)
            return RowVerdict(Verdict.WARNING, said, last.ended_at)
        return RowVerdict(Verdict.DEVIATING, Message("backup.not-taken", note=last.note), last.ended_at)
    if last.state in _NOT_DONE and not is_taken:
        due, ended = last.due_at.astimezone(row.zone), ENDED[Run.State(last.state)]
        said = Message("backup.due-run-ended", due=due, ended=ended)
        return RowVerdict(Verdict.NOT_PERFORMED, said, last.ended_at)
    return None


def _by_freshness(row: PolicyReport) -> RowVerdict | None:
    newest = row.copies.newest.ended_at if row.copies.newest is not None else None
    last = Message("backup.none-yet")
    if newest is not None:
        last = Message("backup.last-taken", at=newest.astimezone(row.zone))
    if row.freshness is Freshness.TOO_OLD:
        said = sentences(Message("backup.not-taken-on-schedule"), last)
        return RowVerdict(Verdict.DEVIATING, said, newest)
    is_running = row.current is not None and row.current.state == Run.State.RUNNING
    if row.freshness is Freshness.LATE and not is_running:
        return RowVerdict(Verdict.WARNING, sentences(Message("backup.last-due-is-missing"), last), newest)
    return None


def _going_on(row: PolicyReport) -> RowVerdict | None:
    current = row.current
    if current is not None and current.failures:
        again = f"{current.wake_at.astimezone(row.zone):%H:%M}"
        said = Message("backup.retried", count=current.failures, at=again, note=current.note)
        return RowVerdict(Verdict.WARNING, said)
    if row.copies.own or (row.last is not None and row.copies.newest is not None):
        return None
    if current is not None and current.state == Run.State.RUNNING:
        return RowVerdict(Verdict.NOT_DUE, Message("backup.first-is-taken"))
    if row.last is None:
        return RowVerdict(Verdict.NOT_DUE, Message("backup.not-due-yet"))
    return RowVerdict(Verdict.NOT_MEASURABLE, Message("backup.none-yet"))


def _standing(row: PolicyReport) -> Message:
    parts = []
    if row.moment is not None:
        at, is_by_log = row.moment.at.astimezone(row.zone), row.moment.is_by_log
        parts.append(Message("backup.restorable-by-log" if is_by_log else "backup.restorable", at=at))
    own, newest = row.copies.own, row.copies.newest
    if own:
        total = sum(copy.stored_bytes for copy in own)
        parts.append(Message("backup.copies", count=len(own), size=size(total)))
    if newest is not None and newest not in own:
        parts.append(Message("backup.newest-is-a-full"))
    if newest is not None and newest.is_verified:
        parts.append(Message("backup.newest-is-verified"))
    if row.guard:
        parts.append(Message("backup.store-guards", guard=row.guard))
    return sentences(*parts)


def _value(row: PolicyReport) -> Message:
    if row.is_log:
        return plain(_clock(row.moment.at, row.zone)) if row.moment is not None else NOTHING
    newest = row.copies.newest
    if newest is None:
        return NOTHING
    return plain(f"{_clock(newest.ended_at, row.zone)} {size(newest.stored_bytes)}")


def _subject(policy: BackupPolicy) -> Message:
    return Message("backup.subject", subject=policy.subject, method=policy.method)


def _advice(row: PolicyReport) -> Message:
    is_increment = read_backup_method(row.policy.method) is BackupMethod.INCREMENTAL
    words = f"{row.policy.subject}{' --incremental' if is_increment else ''}"
    return sentences(
        Message("backup.take-again", words=words) if row.work else NOTHING,
        Message("backup.where-to-look", words=row.work or row.policy.subject),
    )


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def phase(name: str) -> Message:
    """Return the display name of a phase of a restore or drill."""
    return _PHASES.get(name) or plain(name)
