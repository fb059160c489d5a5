"""Records a change that a program or a person reports, in the evidence."""

from datetime import datetime

from django.db import transaction

from toban.engine.changes.models import Change
from toban.engine.changes.recorded import RecordedChange
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry


def record(wanted: RecordedChange, *, by: str, now: datetime, token_maker: str = "") -> Change:
    """Record *wanted* in the name of *by*, and return it; raise `NotPossible`.

    *token_maker* is the user of the operating system who made the token by which it comes, if a command did.
    """
    content = {**wanted.content(now), **({"shell_user": token_maker} if token_maker else {})}
    with transaction.atomic():
        (entry,) = ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by), now=now)
        return Change.objects.select_related("entry").get(pk=entry.pk)
