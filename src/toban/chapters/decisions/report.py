"""The status of every decision, and the alerts about those that reality does not keep."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from toban.design.clauses.decisions import Decision
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.assertions import Judgement, judge_of
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.registry.ports import Ports
from toban.message import NOTHING, Message


def tell(decisions: Collection[Decision], ports: Ports, edition: Edition, now: datetime) -> None:
    """Judge *decisions*, show their status, and report those that are not kept."""
    found = [(row, judgement_of(row, ports, edition, now)) for row in decisions]
    digest = edition.design.digest
    with transaction.atomic():
        status.show([update_of(row, each, now) for row, each in found], now, digest)
        # That one can't be judged says nothing about an alert that is open.
        told = [signal_of(row, each, now) for row, each in found if each.verdict != Verdict.NOT_MEASURABLE]
        alerts.report(told, now, digest)


def judgement_of(decision: Decision, ports: Ports, edition: Edition, now: datetime) -> Judgement:
    """Return what the evidence says about *decision*; declared only if nobody keeps any about it."""
    judge = judge_of(decision, ports)
    if judge is None:
        return Judgement(verdict=Verdict.DECLARED, reason=Message("decisions.nobody-judges"))
    return judge(decision, edition, now)


def update_of(row: Decision, found: Judgement, now: datetime) -> StatusUpdate:
    """Return the status of *row* for the page."""
    return StatusUpdate(
        clause_id=row.id,
        verdict=found.verdict,
        value=found.value,
        reason=found.reason,
        observed_at=now,
        next_due=found.next_due,
        proof=dict(found.proof),
    )


def signal_of(row: Decision, found: Judgement, now: datetime) -> Signal:
    """Return the signal of *row*; what its rows announce themselves is not announced twice."""
    is_ok = found.verdict not in FIRING or found.is_told
    return Signal(
        key=row.id,
        clause_id=row.id,
        citation=str(row.origin),
        clause_text=row.text,
        condition=Condition.OK if is_ok else Condition.WARNING,
        subject=Message("decisions.subject", name=row.name),
        value=(found.value or found.reason) if is_ok else found.reason,
        limit=NOTHING if is_ok else Message("decisions.as-decided"),
        began_at=now,
        detected_at=now,
        advice=NOTHING if is_ok else Message("decisions.keep-or-change"),
        labels={"item": "decision"},
    )
