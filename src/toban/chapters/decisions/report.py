"""The status of every decision, and the alerts about those that reality does not keep."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from toban.design.clauses.decisions import Decision
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import Judgement, judge_of
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.registry.ports import Ports
from toban.engine.rows.report import RowAlerts, report
from toban.message import Message

_ALERTS = RowAlerts(
    item="decision", limit=Message("decisions.as-decided"), advice=Message("decisions.keep-or-change")
)


def tell(decisions: Collection[Decision], ports: Ports, edition: Edition, now: datetime) -> None:
    """Judge *decisions*, show their status, and report those that are not kept."""
    found = [(row, judgement_of(row, ports, edition, now)) for row in decisions]
    # That one can't be judged says nothing about an alert that is open.
    told = [signal_of(row, each, now) for row, each in found if each.verdict != Verdict.NOT_MEASURABLE]
    report(found, told, now, edition.design.digest)


def judgement_of(decision: Decision, ports: Ports, edition: Edition, now: datetime) -> Judgement:
    """Return what the evidence says about *decision*; declared only if nobody keeps any about it."""
    judge = judge_of(decision, ports)
    if judge is None:
        return Judgement(verdict=Verdict.DECLARED, reason=Message("decisions.nobody-judges"))
    return judge(decision, edition, now)


def signal_of(row: Decision, found: Judgement, now: datetime) -> Signal:
    """Return the signal of *row*; what its rows announce themselves is not announced twice."""
    is_ok = found.verdict not in FIRING or found.is_told
    condition = Condition.OK if is_ok else Condition.WARNING
    said = replace(found, value=found.value or found.reason)
    subject = Message("decisions.subject", name=row.name)
    return _ALERTS.signal(row, said, now, condition=condition, subject=subject)
