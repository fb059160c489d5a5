"""Reports on backups: a status for each row, a signal for the notifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.backup.engine import VersionGuard
from toban.chapters.backup.rules import BackupCopy, Freshness, RestorePoint
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.amounts import length, size
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.models import Run
from toban.engine.runs.standing import ENDED

LOG_LAGS = timedelta(minutes=15)
"""Streamed log that is older than this is not keeping up."""

_CONDITIONS = {
    Verdict.DEVIATING: Condition.CRITICAL,
    Verdict.NOT_PERFORMED: Condition.WARNING,
    Verdict.WARNING: Condition.WARNING,
}
_NOT_DONE = (Run.State.MISSED, Run.State.SKIPPED, Run.State.CANCELLED)
_PHASES = {
    "prepare": "空のサーバーの用意",
    "plan": "計画",
    "fetch": "取得",
    "restore": "書き戻し",
    "analyze": "統計の取り直し",
    "check": "行数の照合",
    "combine": "増分の結合",
    "log": "記録 (WAL) の取得",
    "sync": "ディスクへの書き込み",
    "recover": "サーバーの復旧",
    "query": "アプリのクエリー",
    "compare": "ソースとの照合",
    "checksums": "ページの検査",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReport:
    """A row of the policy, and its current state."""

    policy: BackupPolicy
    work: str
    is_batch: bool
    """Whether a batch makes it; chapter 6 reports that batch's runs."""
    is_log: bool
    copies: Sequence[BackupCopy]
    """Those of this row's method, in the store, oldest first."""
    freshness: Freshness
    moment: RestorePoint | None
    """The newest moment of the subject that can be restored."""
    trouble: str
    """What is wrong with the newest copy; empty if no problem is known."""
    guard: str
    """How the store itself protects against loss, as text; empty if it does not."""
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
    reason: str
    since: datetime | None = None
    """When it began, if that is known."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A row that a bucket carries out, and the bucket's settings when last checked."""

    policy: BackupPolicy
    seen: VersionGuard | None
    trouble: str
    """Why they could not be checked."""


def guard_status(guard: Guard, now: datetime) -> StatusUpdate:
    """Return the row's status for the page."""
    found = _judged_guard(guard)
    value = guard.seen.value if guard.seen is not None else ""
    return StatusUpdate(guard.policy.id, found.verdict, value, found.reason, now)


def guard_signal(guard: Guard, now: datetime) -> Signal:
    """Return the signal of a bucket's settings, which may need announcing."""
    found = _judged_guard(guard)
    condition = _CONDITIONS.get(found.verdict, Condition.OK)
    is_ok = condition is Condition.OK
    advice = f"直すには toban backup fix-bucket {guard.policy.subject}"
    return Signal(
        key=guard.policy.id,
        clause_id=guard.policy.id,
        citation=str(guard.policy.origin),
        clause_text=guard.policy.text,
        condition=condition,
        subject=f"バックアップ {guard.policy.subject} {guard.policy.method}",
        value=(guard.seen.value if guard.seen is not None else "") if is_ok else found.reason,
        limit="" if is_ok else "旧版が文書のとおりに残ること",
        began_at=now,
        detected_at=now,
        advice="" if is_ok else advice,
        labels={"target": guard.policy.subject, "item": guard.policy.method},
    )


def _judged_guard(guard: Guard) -> RowVerdict:
    if guard.seen is None:
        return RowVerdict(Verdict.NOT_MEASURABLE, guard.trouble or "バケットの設定をこれから見ます")
    said = "、".join([*guard.seen.faults, *guard.seen.excesses])
    hint = f": toban backup fix-bucket {guard.policy.subject}"
    if guard.seen.faults:
        return RowVerdict(Verdict.DEVIATING, said + hint)
    if guard.seen.excesses:
        return RowVerdict(Verdict.WARNING, said + hint)
    return RowVerdict(Verdict.CONFORMING, "バケットの設定は文書のとおりです")


def judged(row: PolicyReport, now: datetime) -> RowVerdict:
    """Judge a row by the worst that is known about it."""
    if row.is_log:
        return _judged_log(row, now)
    if row.trouble:
        return RowVerdict(Verdict.DEVIATING, f"最新のバックアップは頼れません: {row.trouble}")
    return (
        _by_last_run(row)
        or _by_freshness(row)
        or _going_on(row)
        or RowVerdict(Verdict.CONFORMING, _standing(row))
    )


def status(row: PolicyReport, now: datetime) -> StatusUpdate:
    """Return the row's status for the page."""
    found = judged(row, now)
    newest = row.copies[-1] if row.copies else None
    proof = None
    if newest is not None:
        proof = {"label": newest.label, "ended_at": newest.ended_at.isoformat(), "copies": len(row.copies)}
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
        subject=f"バックアップ {row.policy.subject} {row.policy.method}".strip(),
        # Say what is wrong, not what is still fine: it is read at night, and in one line.
        value=_value(row) if is_ok else found.reason,
        limit="" if is_ok else "文書のとおりに取れること",
        began_at=found.since or now,
        detected_at=now,
        advice="" if is_ok else _advice(row),
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
    reason: str
    since: datetime | None = None
    """RPO: the newest moment that can be restored."""


def objective_status(recovery: Recovery, now: datetime) -> StatusUpdate:
    """Return the status of RPO or RTO for the page."""
    objective, measured = recovery.objective, recovery.measured
    value = "" if measured is None else f"{length(measured)} ({recovery.subject})"
    return StatusUpdate(objective.id, _objective_verdict(recovery), value, recovery.reason, now)


def objective_signal(recovery: Recovery, now: datetime) -> Signal:
    """Return the signal of RPO or RTO, which may need announcing."""
    objective = recovery.objective
    is_missed = _objective_verdict(recovery) is Verdict.DEVIATING
    began_at = now
    if is_missed and recovery.since is not None:
        began_at = min(recovery.since + objective.limit.as_timedelta(), now)
    return Signal(
        key=objective.id,
        clause_id=objective.id,
        citation=str(objective.origin),
        clause_text=objective.text,
        condition=Condition.CRITICAL if is_missed else Condition.OK,
        subject=f"{objective.objective} {recovery.subject}",
        value="" if recovery.measured is None else length(recovery.measured),
        limit=f"{objective.limit}以内" if is_missed else "",
        began_at=began_at,
        detected_at=now,
        advice=recovery.reason if is_missed else "",
        labels={"target": recovery.subject, "item": objective.objective},
    )


def _objective_verdict(recovery: Recovery) -> Verdict:
    if recovery.measured is None:
        return Verdict.NOT_MEASURABLE
    # ">": a value of exactly the limit meets the objective.
    is_missed = recovery.measured > recovery.objective.limit.as_timedelta()
    return Verdict.DEVIATING if is_missed else Verdict.CONFORMING


def _judged_log(row: PolicyReport, now: datetime) -> RowVerdict:
    moment = row.moment
    if moment is None:
        return RowVerdict(Verdict.NOT_MEASURABLE, "もとになるフルバックアップがまだありません")
    if not moment.is_by_log or now - moment.at > LOG_LAGS:
        at = _clock(moment.at, row.zone)
        return RowVerdict(
            Verdict.DEVIATING, f"記録 (WAL) の保存が止まっています。戻せるのは {at} までです", moment.at
        )
    return RowVerdict(Verdict.CONFORMING, _standing(row))


def _by_last_run(row: PolicyReport) -> RowVerdict | None:
    """Judge by the newest run; a batch reports its own runs."""
    last = row.last
    if row.is_batch or last is None or last.ended_at is None:
        return None
    is_taken = bool(row.copies) and row.copies[-1].ended_at >= (last.began_at or last.due_at)
    if last.state == Run.State.FAILED:
        if is_taken:
            return RowVerdict(
                Verdict.WARNING, f"取れましたが、そのあとが失敗しました: {last.note}", last.ended_at
            )
        return RowVerdict(Verdict.DEVIATING, f"取れませんでした: {last.note}", last.ended_at)
    if last.state in _NOT_DONE and not is_taken:
        words = f"{_clock(last.due_at, row.zone)} の分は{ENDED[Run.State(last.state)]}"
        return RowVerdict(Verdict.NOT_PERFORMED, words, last.ended_at)
    return None


def _by_freshness(row: PolicyReport) -> RowVerdict | None:
    newest = row.copies[-1].ended_at if row.copies else None
    at = f"最後は {_clock(newest, row.zone)} です" if newest else "まだ一つもありません"
    if row.freshness is Freshness.TOO_OLD:
        return RowVerdict(Verdict.DEVIATING, f"予定どおりに取れていません。{at}", newest)
    is_running = row.current is not None and row.current.state == Run.State.RUNNING
    if row.freshness is Freshness.LATE and not is_running:
        return RowVerdict(Verdict.WARNING, f"直近の予定の分がありません。{at}", newest)
    return None


def _going_on(row: PolicyReport) -> RowVerdict | None:
    current = row.current
    if current is not None and current.failures:
        again = current.wake_at.astimezone(row.zone)
        words = f"{current.failures} 回失敗しました。{again:%H:%M} に再試行します: {current.note}"
        return RowVerdict(Verdict.WARNING, words)
    is_running = current is not None and current.state == Run.State.RUNNING
    if not row.copies:
        words = "最初のバックアップを取っています" if is_running else "まだ予定の時刻が来ていません"
        return RowVerdict(Verdict.NOT_MEASURABLE, words)
    return None


def _standing(row: PolicyReport) -> str:
    parts = []
    if row.moment is not None:
        by = " (記録による)" if row.moment.is_by_log else ""
        parts.append(f"復旧できる最新の時点 {_clock(row.moment.at, row.zone)}{by}")
    if row.copies:
        total = sum(copy.stored_bytes for copy in row.copies)
        parts.append(f"{len(row.copies)} 個、計 {size(total)}")
        if row.copies[-1].is_verified:
            parts.append("最新は読み返し済み")
    if row.guard:
        parts.append(f"保存先は {row.guard}")
    return "。".join(parts)


def _value(row: PolicyReport) -> str:
    if row.is_log:
        return _clock(row.moment.at, row.zone) if row.moment is not None else ""
    if not row.copies:
        return ""
    newest = row.copies[-1]
    return f"{_clock(newest.ended_at, row.zone)} {size(newest.stored_bytes)}"


def _advice(row: PolicyReport) -> str:
    is_increment = read_backup_method(row.policy.method) is BackupMethod.INCREMENTAL
    words = f"{row.policy.subject}{' --incremental' if is_increment else ''}"
    again = f"もう一度取るには toban backup run {words}。" if row.work else ""
    return f"{again}一覧は toban backup list、記録は toban why {row.work or row.policy.subject}"


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def phase(name: str) -> str:
    """Return the display name of a phase of a restore or drill."""
    return _PHASES.get(name, name)
