"""Documents that people read in Toban: how long each was in view, and since when that is long enough."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Subquery

from toban.chapters.documents.models import DocumentReading
from toban.chapters.documents.plan import DocumentsPlan, KeptDocument
from toban.chapters.documents.states import DocumentState
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator

_LONGEST_STEP = timedelta(minutes=2)
"""A page says that it is in view far more often; what is silent for longer was not looked at."""


_REMEMBERED = timedelta(days=7)
"""How long an opening is remembered that nobody needs; that a document was read is in the evidence."""


def forget(now: datetime) -> None:
    """Delete what is older than a week, besides the newest reading of each document."""
    read = DocumentReading.objects.filter(read_at__isnull=False)
    newest = read.filter(document=OuterRef("document")).order_by("-read_at", "-pk").values("pk")[:1]
    needed = read.filter(pk=Subquery(newest)).values_list("pk", flat=True)
    DocumentReading.objects.filter(seen_at__lt=now - _REMEMBERED).exclude(pk__in=list(needed)).delete()


def opened(state: DocumentState, account: Operator, now: datetime) -> DocumentReading | None:
    """Note that *account* has opened the document; None if there is nothing to read."""
    if state.here is None or not state.here.text:
        return None
    return DocumentReading.objects.create(
        account=account,
        username=account.username,
        document=state.document.reading_key,
        digest=state.here.digest,
        opened_at=now,
        seen_at=now,
    )


def in_view(
    number: int, seconds: float, account: Operator, plan: DocumentsPlan, document_digest: str, now: datetime
) -> DocumentReading | None:
    """Add *seconds* to what *account* itself has opened; never more than have passed since the last time.

    None if there is no such reading. Once it was in view long enough, that is evidence.
    """
    with transaction.atomic():
        ledger.hold()
        found = DocumentReading.objects.select_for_update().filter(pk=number, account=account).first()
        if found is None:
            return None
        passed = min(now - found.seen_at, _LONGEST_STEP).total_seconds()
        found.seconds += max(min(seconds, passed), 0.0)
        found.seen_at = max(now, found.seen_at)
        if found.read_at is None and found.seconds >= plan.keeping.read_for.total_seconds():
            found.read_at = now
            _record(found, _named(plan, found.document), document_digest, now)
        found.save()
    return found


def _named(plan: DocumentsPlan, name: str) -> KeptDocument | None:
    return next((each for each in plan.documents if each.reading_key == name), None)


def _record(
    found: DocumentReading, document: KeptDocument | None, document_digest: str, now: datetime
) -> None:
    content = {
        "event": "document-read",
        "document": document.row.name if document is not None else found.document,
        "digest": found.digest,
        "opened_at": found.opened_at.isoformat(),
        "seconds": int(found.seconds),
    }
    record = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        content,
        actor=found.username,
        clause_id=document.row.id if document is not None else "",
        document_digest=document_digest,
    )
    ledger.append(record, now=now)
