"""A batch's runs to what others are told of it: a status for the page, a signal for the notices. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from toban.design.clauses.batch import Batch
from toban.design.values.retry import FailureAction
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs import rules
from toban.engine.runs.models import Run
from toban.engine.runs.rules import Reason

_VERDICTS = {
    Run.State.DONE: Verdict.CONFORMING,
    Run.State.FAILED: Verdict.DEVIATING,
    Run.State.MISSED: Verdict.NOT_PERFORMED,
    Run.State.SKIPPED: Verdict.NOT_PERFORMED,
    Run.State.CANCELLED: Verdict.NOT_PERFORMED,
}
_WORDS = {
    Run.State.DONE: "成功",
    Run.State.FAILED: "失敗",
    Run.State.MISSED: "実行されませんでした",
    Run.State.SKIPPED: "見送り",
    Run.State.CANCELLED: "中止",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A batch and where its runs stand."""

    batch: Batch
    key: str
    last: Run | None
    """The newest run that has ended."""
    current: Run | None
    """The oldest run whose time has come and that has not ended."""
    next_due: datetime | None
    zone: ZoneInfo


def status(row: Row, now: datetime) -> StatusUpdate:
    """Return what the page shows beside the batch."""
    proof = None
    if row.last is not None:
        proof = {"run": row.last.pk, "due": row.last.due_at.isoformat(), "reason": row.last.reason}
    return StatusUpdate(
        clause_id=row.batch.id,
        verdict=_verdict(row, now),
        value=_value(row),
        reason=_reason(row, now),
        observed_at=now,
        next_due=row.next_due,
        proof=proof,
    )


def signal(row: Row, now: datetime) -> Signal | None:
    """Return what may need announcing; nothing before anything has ended or is overdue."""
    run = row.current if _is_overdue(row, now) else row.last
    if run is None:
        return None
    condition = _condition(row, now)
    return Signal(
        key=row.batch.id,
        clause_id=row.batch.id,
        citation=str(row.batch.origin),
        clause_text=row.batch.text,
        condition=condition,
        subject=f"バッチ {row.key} {row.batch.name}",
        value=_value(row),
        limit="" if condition is Condition.OK else _limit(row, now),
        began_at=run.ended_at or run.wake_at,
        detected_at=now,
        advice="" if condition is Condition.OK else _advice(row),
        labels={"batch": row.key},
    )


def _verdict(row: Row, now: datetime) -> Verdict:
    if _is_overdue(row, now) or (row.current is not None and row.current.failures):
        return Verdict.WARNING
    if row.last is None:
        return Verdict.NOT_MEASURABLE
    return _VERDICTS[Run.State(row.last.state)]


def _condition(row: Row, now: datetime) -> Condition:
    if _is_overdue(row, now):
        return Condition.WARNING
    state = row.last.state if row.last else ""
    if state == Run.State.FAILED:
        # A row that says nothing of failures must not fail quietly.
        is_alarming = FailureAction.ALERT in row.batch.on_failure or not row.batch.on_failure
        return Condition.CRITICAL if is_alarming else Condition.WARNING
    return Condition.WARNING if state == Run.State.MISSED else Condition.OK


def _is_overdue(row: Row, now: datetime) -> bool:
    current = row.current
    if current is None or current.state != Run.State.WAITING or current.reason == Reason.AWAITING_REPORT:
        return False
    return rules.is_overdue(current.wake_at, now)


def _value(row: Row) -> str:
    if row.last is None:
        return ""
    run = row.last
    took = ""
    if run.began_at is not None and run.ended_at is not None and run.state == Run.State.DONE:
        took = f" ({_seconds(run.ended_at - run.began_at)})"
    return f"{run.due_at.astimezone(row.zone):%Y-%m-%d %H:%M} {_WORDS[Run.State(run.state)]}{took}"


def _reason(row: Row, now: datetime) -> str:
    current = row.current
    if current is not None and current.state == Run.State.RUNNING:
        return f"{current.due_at.astimezone(row.zone):%H:%M} の分を実行しています"
    if current is not None and current.reason == Reason.AWAITING_REPORT:
        return f"{current.due_at.astimezone(row.zone):%H:%M} の分の報告を待っています"
    if current is not None and current.failures:
        again = current.wake_at.astimezone(row.zone)
        return f"{current.failures} 回失敗しました。{again:%H:%M} に再試行します: {current.note}"
    if _is_overdue(row, now):
        return _limit(row, now)
    if row.last is None:
        return "まだ実行の時刻が来ていません"
    return row.last.note


def _limit(row: Row, now: datetime) -> str:
    if _is_overdue(row, now) and row.current is not None:
        due = row.current.due_at.astimezone(row.zone)
        return f"{due:%H:%M} の分が {_minutes(rules.OVERDUE)} を過ぎても始まりません"
    if row.last is not None and row.last.state == Run.State.MISSED:
        return row.last.note or "予定の時刻に Toban が動いていませんでした"
    return (row.last.note if row.last is not None else "") or "成功"


def _advice(row: Row) -> str:
    ordered = f"失敗時の対応: {row.batch.on_failure_text}。" if row.batch.on_failure_text else ""
    if row.last is not None and row.last.reason in (Reason.REPORTED, Reason.UNREPORTED):
        return f"{ordered}外で動くバッチです: そのホストと cron の記録を確かめてください。toban why {row.key}"
    return f"{ordered}記録は toban why {row.key}、もう一度実行するには toban run {row.key}"


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():.1f}秒"


def _minutes(length: timedelta) -> str:
    return f"{length // timedelta(minutes=1)}分"
