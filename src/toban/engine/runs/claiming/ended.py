"""What the ledger keeps of a run that has ended."""

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.models import Run

_VERDICTS = {
    Run.State.DONE: Verdict.CONFORMING,
    Run.State.FAILED: Verdict.DEVIATING,
    Run.State.SKIPPED: Verdict.NOT_PERFORMED,
    Run.State.CANCELLED: Verdict.NOT_PERFORMED,
    Run.State.MISSED: Verdict.NOT_PERFORMED,
}


def ended_evidence(run: Run) -> ledger.Record:
    """Return the ledger's record of a run that has ended."""
    return ledger.Record(
        LedgerEntry.Kind.VERDICT,
        {
            "verdict": _VERDICTS[Run.State(run.state)].value,
            "work": run.work,
            "run": run.pk,
            "due": run.due_at.isoformat(),
            "reason": run.reason,
            "note": run.note.as_json(),
            "ordered_by": run.ordered_by,
            "began": run.began_at.isoformat() if run.began_at else None,
            "ended": run.ended_at.isoformat() if run.ended_at else None,
        },
        clause_id=run.clause_id,
        document_digest=run.document_digest,
    )
