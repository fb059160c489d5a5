"""What the state database, or else the store, knows for a restore, and the records of a restore."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from toban.chapters.backup import catalogue
from toban.chapters.backup.models import Backup, Drill
from toban.chapters.backup.restoring.restore import KnownBackups, RestorePlan
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.stores.store import Store
from toban.message import Message


def in_catalogue(subject: str) -> KnownBackups:
    """Return what the catalogue has for *subject*."""
    rows = catalogue.on_hand(subject)
    return KnownBackups(
        [catalogue.taken_of(row) for row in rows],
        catalogue.stretches(subject),
        frozenset(row.label for row in rows if row.trouble),
    )


def in_store(store: Store, subject: str) -> tuple[KnownBackups, Sequence[Message]]:
    """Return what the store itself has, and which descriptions in it can't be read; uses no database."""
    backups, troubles = catalogue.read_store(store, subject)
    return KnownBackups(backups, is_log_known=False), troubles


def measured(subject: str) -> tuple[float, int] | None:
    """Return how many seconds the last drill took to restore, and the source's bytes then."""
    drill = Drill.objects.filter(subject=subject, rto_seconds__isnull=False).order_by("-started_at").first()
    if drill is None or drill.rto_seconds is None:
        return None
    row = Backup.objects.filter(subject=subject, label=drill.label).first()
    if row is not None and row.parent:
        row = Backup.objects.filter(subject=subject, label=row.parent).first()
    return drill.rto_seconds, row.source_bytes if row is not None else 0


def note_restored(planned: RestorePlan, into: str, *, by: str, now: datetime) -> None:
    """Record in the catalogue and in the evidence that the chain was restored for real."""
    labels = [taken.label for taken in planned.chain]
    with transaction.atomic():
        ledger.hold()
        rows = Backup.objects.filter(subject=planned.subject, label__in=labels)
        clause = rows.order_by("-ended_at").values_list("clause_id", flat=True).first() or ""
        rows.update(restored_at=now)
        content = {
            "event": "restored",
            "subject": planned.subject,
            "chain": labels,
            "reaches": planned.reaches.isoformat() if planned.reaches else "",
            "into": into,
        }
        ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by, clause_id=clause), now=now)
