"""Whether a procedure of the document is what Toban does, and what proves it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.backup.practice.comparison import ComparedStep, StepOutcome
from toban.chapters.backup.report import RowVerdict
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.message import Message, lines

_DIFFERENT = (StepOutcome.OTHERWISE, StepOutcome.NOT_DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureReport:
    """A procedure beside what Toban does for one subject."""

    subject: str
    steps: Sequence[ComparedStep]
    shown: RowVerdict
    """What the newest backup or drill shows, apart from the steps."""
    proof: Mapping[str, object]
    next_due: datetime | None = None


def status(clause_id: str, found: Sequence[ProcedureReport], now: datetime) -> StatusUpdate:
    """Return the status of a procedure: the worst of the subjects that it is about."""
    order = list(Verdict)
    row, verdict = min(
        ((each, judged(each)) for each in found), key=lambda each: order.index(each[1].verdict)
    )
    kept = sum(step.outcome is StepOutcome.KEPT for step in row.steps)
    return StatusUpdate(
        clause_id=clause_id,
        verdict=verdict.verdict,
        value=Message("backup.steps-kept", kept=kept, steps=len(row.steps)),
        reason=lines(verdict.reason, *(step.message for step in row.steps)),
        observed_at=now,
        next_due=row.next_due,
        proof={
            **row.proof,
            "subject": row.subject,
            "steps": [{"command": each.step.command, "outcome": each.outcome} for each in row.steps],
        },
    )


def judged(row: ProcedureReport) -> RowVerdict:
    """Judge a procedure: by its steps first, then by what the newest backup or drill shows."""
    outcomes = {step.outcome for step in row.steps}
    if outcomes.intersection(_DIFFERENT):
        return RowVerdict(Verdict.DEVIATING, Message("backup.procedure-differs", subject=row.subject))
    if StepOutcome.UNKNOWN in outcomes and row.shown.verdict is not Verdict.DEVIATING:
        unknown = [step.step.command for step in row.steps if step.outcome is StepOutcome.UNKNOWN]
        return RowVerdict(Verdict.DECLARED, Message("backup.commands-not-known", commands=unknown))
    return row.shown
