"""What a row's evidence shows about backups: the newest that the row ordered."""

from toban.chapters.backup.models import Backup
from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.base import Clause

_NEWEST = 5


def taken(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    if not isinstance(clause, BackupPolicy):
        return None
    found = Backup.objects.with_bases().filter(clause_id=clause.id).defer("objects_stored", "facts")
    return "backup/_evidence.html", {"backups": found.order_by("-ended_at")[:_NEWEST]}
