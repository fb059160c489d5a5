"""What a run has done, in the evidence."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import Run


def record_once(run_id: int, content: Mapping[str, object], now: datetime) -> None:
    """Write *content*, an `event` with its values, as an act of whoever ordered the run; once."""
    run = Run.objects.get(pk=run_id)
    entry = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        {**content, "run": run_id},
        actor=run.ordered_by[:150],
        clause_id=run.clause_id,
        document_digest=run.document_digest,
    )
    with transaction.atomic():
        ledger.hold()
        # The step is repeated if the worker was killed before it was noted as finished.
        written = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT, clause_id=run.clause_id)
        if not written.filter(content__event=content["event"], content__run=run_id).exists():
            ledger.append(entry, now=now)
