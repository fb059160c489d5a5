"""What retention reports: each row's status, and the daily proof. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType

from toban.chapters.logs.keeping.retention import DayDeletion, RetentionDecision, WaitReason
from toban.chapters.logs.rules import LogRules
from toban.design.clauses.logs import LogKind
from toban.engine.amounts import size
from toban.engine.evidence.outside import ShippedEvidence, said
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.retention import CompanionRecords
from toban.engine.telemetry.logs.days import DayPart
from toban.engine.telemetry.logs.words import AUDIT, TRACE
from toban.message import NOTHING, Message, listing, plain, sentences

type _Found = tuple[Verdict, Message, Message]
"""A verdict, its value and its reason."""


@dataclass(frozen=True, slots=True)
class KindReport:
    """One kind after a run."""

    kind: str
    days: tuple[DayPart, ...]
    decision: RetentionDecision
    held_by: str
    """The reason for a legal hold; empty without one."""
    trouble: Message = NOTHING
    """Why a day could not be archived."""


def statuses(
    rules: LogRules,
    kept: Sequence[KindReport],
    now: datetime,
    outside: ShippedEvidence | None = None,
    missing: Mapping[str, Message] = MappingProxyType({}),
) -> Iterator[StatusUpdate]:
    """Yield the status of every kind's row.

    *outside* is the state of the shipped audit log, *missing* says why lines of a kind can't be fetched.
    """
    due = _midnight(rules, now)
    for each in kept:
        verdict, value, reason = _said(each, rules.kinds[each.kind])
        if each.kind == AUDIT and outside is not None:
            verdict, value, reason = _with_outside(each, (verdict, value, reason), said(outside, now))
        if each.kind in missing:
            # What is kept says nothing about what should have arrived.
            verdict, reason = Verdict.NOT_MEASURABLE, missing[each.kind]
        yield StatusUpdate(rules.kinds[each.kind].id, verdict, value, reason, now, due)


def signals(
    rules: LogRules, kept: Sequence[KindReport], now: datetime, outside: ShippedEvidence | None = None
) -> Iterator[Signal]:
    """Yield for every kind whether its days can be archived, and whether the audit log can be shipped."""
    if AUDIT in rules.kinds:
        row, trouble = rules.kinds[AUDIT], outside.trouble if outside is not None else NOTHING
        verdict = said(outside, now)[0] if outside is not None else Verdict.CONFORMING
        conditions = {Verdict.WARNING: Condition.WARNING, Verdict.DEVIATING: Condition.CRITICAL}
        yield Signal(
            key=f"{row.id}/shipping",
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            condition=conditions.get(verdict, Condition.OK),
            subject=Message("logs.shipping-of", log=row.name),
            value=said(outside, now)[2] if outside is not None and trouble else NOTHING,
            limit=Message("logs.shipped-once-a-day") if trouble else NOTHING,
            began_at=now,
            detected_at=now,
        )
    for each in kept:
        row = rules.kinds[each.kind]
        is_stuck = each.decision.why is WaitReason.NOT_ARCHIVED
        yield Signal(
            key=f"{row.id}/archive",
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            condition=Condition.WARNING if is_stuck else Condition.OK,
            subject=Message("logs.archiving-of", log=row.name),
            value=_waiting(each) if is_stuck else NOTHING,
            limit=Message("logs.retention-exceeded", kept=row.retention, trouble=each.trouble)
            if is_stuck
            else NOTHING,
            began_at=now,
            detected_at=now,
        )


def away(rules: LogRules, reason: Message, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the statuses while the store is unavailable."""
    said = Message("logs.store-not-answering", reason=reason)
    for row in rules.kinds.values():
        yield StatusUpdate(row.id, Verdict.NOT_MEASURABLE, NOTHING, said, now)


def proof(
    row: LogKind,
    deleted: Sequence[DayDeletion],
    oldest: datetime | None,
    stays: Sequence[DayPart],
    why: WaitReason | None,
) -> dict[str, object]:
    """Return the daily proof, which lists each deleted day with its rows, bytes, table and kind."""
    return {
        "log": row.name,
        "kept": str(row.retention) if row.retention is not None else "",
        "deleted": [[each.day, each.rows, each.bytes, each.table, each.kind] for each in deleted],
        "archived": [[each.day, each.archive] for each in deleted if each.archive],
        "rows_deleted": sum(each.rows for each in deleted),
        "bytes_deleted": sum(each.bytes for each in deleted),
        "oldest_row": oldest.isoformat() if oldest is not None else "",
        "rows_kept": sum(each.rows for each in stays),
        "bytes_kept": sum(each.bytes for each in stays),
        "waits": why.value if why is not None else "",
    }


def amount(days: Sequence[DayPart], beside: Sequence[CompanionRecords] = ()) -> Message:
    """Return the amount of *days* and *beside*: 12日分 1,234行 (3 MB)、イベント 5件 (7 kB)."""
    told = Message(
        "logs.amount",
        days=Message("logs.days", count=len({each.day for each in days})),
        rows=Message("logs.rows", count=sum(each.rows for each in days)),
        size=size(sum(each.bytes for each in days)),
    )
    others = [each.words for each in beside]
    return listing([told, *others] if days or not others else others)


def stretch(days: Sequence[DayPart]) -> Message:
    """Return the period that *days*, which are in order, cover: 2026-05-10 から 2026-08-01 まで."""
    first, last = days[0].day, days[-1].day
    return Message("logs.from-day-to-day", first=first, last=last) if first != last else plain(f"{first}")


def _waiting(kept: KindReport) -> Message:
    return Message("logs.days-wait-for-deletion", amount=amount(kept.decision.waits))


def _said(kept: KindReport, row: LogKind) -> _Found:
    if not kept.days and not kept.decision.beside:
        reason = Message("logs.no-traces-yet" if kept.kind == TRACE else "logs.no-logs-yet")
        return Verdict.UNBOUND, NOTHING, reason
    value = Message("logs.oldest-day", day=kept.decision.oldest) if kept.days else NOTHING
    match kept.decision.why:
        case WaitReason.NOT_AGREED:
            waiting = amount(kept.decision.waits, kept.decision.beside)
            reason = Message("logs.deletion-waits-for-agreement", waiting=waiting, log=row.name)
            return Verdict.WARNING, value, reason
        case WaitReason.NOT_ARCHIVED:
            waiting = amount(kept.decision.waits)
            reason = Message("logs.not-deleted-as-not-archived", waiting=waiting, trouble=kept.trouble)
            return Verdict.WARNING, value, reason
        case WaitReason.HELD:
            stored = amount(kept.days, () if kept.days else kept.decision.beside)
            held = Message("logs.not-deleted-as-held", reason=kept.held_by)
            return Verdict.CONFORMING, value, sentences(stored, held)
        case None:
            return Verdict.CONFORMING, value, amount(kept.days)


def _with_outside(kept: KindReport, inside: _Found, out: _Found) -> _Found:
    """Put the worse of both first; Toban's own evidence counts as an audit log even if no other arrives."""
    if not kept.days:
        return out[0], out[1], sentences(out[2], Message("logs.no-audit-log-yet"))
    worst = sorted((inside, out), key=lambda each: list(Verdict).index(each[0]))
    values = [value for _, value, _ in worst if value]
    return worst[0][0], listing(values), sentences(*(reason for _, _, reason in worst))


def _midnight(rules: LogRules, now: datetime) -> datetime:
    tomorrow = now.astimezone(rules.zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), rules.zone)
