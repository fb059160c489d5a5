"""The rows that a chapter has judged: their statuses, and the alerts about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from toban.design.clauses.base import Clause
from toban.engine.approvals.requests import went_ahead
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message

type JudgedRow = tuple[Clause, Judgement]

_CONDITIONS = {
    Verdict.DEVIATING: Condition.CRITICAL,
    Verdict.NOT_PERFORMED: Condition.WARNING,
    Verdict.WARNING: Condition.WARNING,
    Verdict.NOT_MEASURABLE: Condition.NO_DATA,
}


def condition_of(found: Judgement) -> Condition:
    """Return the condition that a verdict usually means; a chapter may know better."""
    return _CONDITIONS.get(found.verdict, Condition.OK)


@dataclass(frozen=True, slots=True)
class RowAlerts:
    """What the alerts about the rows of a chapter have in common: one for each row."""

    item: str
    """Their label `item`."""
    limit: Message
    advice: Message

    def signal(
        self, row: Clause, found: Judgement, now: datetime, *, condition: Condition, subject: Message
    ) -> Signal:
        """Return the signal of *row*."""
        is_ok = condition is Condition.OK
        return Signal(
            key=row.id,
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            condition=condition,
            subject=subject,
            # Where nothing is counted, what is in order is said by the reason alone.
            value=(found.value or found.reason) if is_ok else found.reason,
            limit=NOTHING if is_ok else self.limit,
            began_at=now,
            detected_at=now,
            advice=NOTHING if is_ok else self.advice,
            labels={"item": self.item},
        )


def report(
    found: Iterable[JudgedRow], signals: Iterable[Signal], now: datetime, document_digest: str
) -> None:
    """Show the statuses of all rows in *found* and bring the alerts up to date, in one transaction.

    *signals* are taken once the statuses are shown: a generator may go by them.
    """
    # Judged before, if by a generator: nobody else can write in the meantime.
    judged = list(found)
    with transaction.atomic():
        show(judged, now, document_digest)
        alerts.report(list(signals), now, document_digest)


def show(found: Iterable[JudgedRow], now: datetime, document_digest: str) -> None:
    """Show the statuses of all rows in *found*."""
    status.show([update_of(row, each, now) for row, each in found], now, document_digest)


def update_of(row: Clause, found: Judgement, now: datetime) -> StatusUpdate:
    """Return the status of *row*."""
    return StatusUpdate(
        clause_id=row.id,
        verdict=found.verdict,
        value=found.value,
        reason=found.reason,
        observed_at=now,
        next_due=found.next_due,
        proof=dict(found.proof),
    )


def reviewed(found: Iterable[JudgedRow]) -> Sequence[JudgedRow]:
    """Return *found*; a row deviates if an act of it went ahead without approval and is not reviewed yet."""
    rows = list(found)
    broken = went_ahead(row.id for row, _ in rows)
    return [(row, _reviewed(each, broken.get(row.id))) for row, each in rows]


def _reviewed(found: Judgement, broken: Message | None) -> Judgement:
    if broken is None or found.verdict in FIRING:
        return found
    return replace(found, verdict=Verdict.DEVIATING, reason=broken)
