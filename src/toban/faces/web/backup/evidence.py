"""What a row's evidence shows about backups: the newest that the row ordered, or that prove a procedure."""

from toban.chapters.backup.engine import Method
from toban.chapters.backup.models import Backup, Drill
from toban.design.clauses.backup import BackupPolicy, BackupProcedure, RestoreProcedure
from toban.design.clauses.base import Clause

_NEWEST = 5


def taken(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    match clause:
        case BackupPolicy():
            chosen = Backup.objects.with_bases().filter(clause_id=clause.id)
        case BackupProcedure():
            chosen = Backup.objects.with_bases().filter(method=Method.FULL.value)
        case RestoreProcedure():
            held = Drill.objects.exclude(evidence_sequence=None).order_by("-started_at")
            return "backup/_rehearsed.html", {"drills": held[:_NEWEST]}
        case _:
            return None
    found = chosen.defer("objects_stored", "facts").order_by("-ended_at")
    return "backup/_evidence.html", {"backups": found[:_NEWEST]}
