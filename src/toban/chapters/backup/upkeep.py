"""Upkeep of stored backups: reading them back, and importing them again when the catalogue is lost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from toban.chapters.backup import catalogue
from toban.chapters.backup.engine import ActWatch, BackupCheck, KeepsVersions, TakenBackup, VersionGuard
from toban.chapters.backup.models import Backup
from toban.chapters.backup.taking.source import BackupSource, OpenSubject
from toban.chapters.backup.taking.steps import PruneResult, listed_otherwise
from toban.chapters.backup.works import Policy, days_of
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.message_field import storable
from toban.engine.stores.store import Store
from toban.message import NOTHING, Message, listing

_MOST_TOLD = 10
"""The most problems to keep for one backup; a folder that was emptied has thousands, all alike."""


def verify(source: BackupSource, at_work: OpenSubject, row: Backup, watch: ActWatch) -> BackupCheck:
    """Read a whole backup back, and record in the catalogue and the evidence what was found.

    Damage stays on the row until the backup reads back whole again: it is shown and announced, and nothing is
    restored from that backup. Raises `BackupFailed` or `StoreTrouble` if the backup could not be checked.
    """
    taken = catalogue.taken_of(row)
    troubles = _listed_otherwise(source, at_work.store, taken)
    if not troubles:
        _probe(source, at_work.store, taken)
    checked = BackupCheck(False, troubles) if troubles else at_work.engine.verify(taken, watch)
    row.refresh_from_db()
    if row.pruned_at is not None:
        # It was pruned while it was being read: its objects are missing because the document says so.
        return BackupCheck(True)
    if not checked.is_whole and not troubles:
        _probe(source, at_work.store, taken)
    _note(source, row, checked)
    return checked


def _listed_otherwise(source: BackupSource, store: Store | None, taken: TakenBackup) -> list[Message]:
    if store is None:
        return []
    key = catalogue.key_of(source.subject, taken.label)
    is_described = any(each.key == key for each in store.listing(key))
    missing = [] if is_described else [Message("backup.object-is-missing", key=key)]
    return [*missing, *listed_otherwise(store, taken)]


def _probe(source: BackupSource, store: Store | None, taken: TakenBackup) -> None:
    """Read the small description: a wrong key or an unreachable store does not count as damage.

    Raises `StoreTrouble` if nothing can be read now.
    """
    if store is not None:
        store.read(catalogue.key_of(source.subject, taken.label))


def _note(source: BackupSource, row: Backup, checked: BackupCheck) -> None:
    now, before = source.clock(), row.trouble
    if checked.is_whole:
        row.verified_at, row.trouble = now, NOTHING
    else:
        told = list(checked.troubles[:_MOST_TOLD])
        more = len(checked.troubles) - len(told)
        # As it will be read back: the same damage is not recorded twice.
        row.trouble = storable(listing([*told, *([Message("backup.and-more", count=more)] if more else [])]))
    with transaction.atomic():
        row.save(update_fields=["verified_at", "trouble"])
        if row.trouble != before:
            verdict = Verdict.CONFORMING if checked.is_whole else Verdict.DEVIATING
            reason = row.trouble or Message("backup.found-whole")
            content = {
                "verdict": verdict.value,
                "subject": row.subject,
                "label": row.label,
                "reason": reason.as_json(),
            }
            kept = ledger.Record(
                LedgerEntry.Kind.VERDICT, content, clause_id=row.clause_id, document_digest=source.digest
            )
            ledger.append(kept, now=now)


@dataclass(frozen=True, slots=True)
class StoreSurvey:
    """What an import from a store has added to the catalogue."""

    added: Sequence[str]
    known: int
    troubles: Sequence[Message]
    """Descriptions that can't be read."""


def bring_in(
    source: BackupSource, at_work: OpenSubject, clause_of: dict[str, str], *, by: str
) -> StoreSurvey:
    """Add every backup that the store describes to the catalogue, for the day that the state is lost.

    *clause_of*: method → the id of its policy row. The backups count as unverified until they are read again.
    """
    if at_work.store is None:
        return StoreSurvey((), 0, (Message("backup.kind-without-descriptions", kind=source.kind_name),))
    found, troubles = catalogue.read_store(at_work.store, source.subject)
    known = set(Backup.objects.filter(subject=source.subject).values_list("label", flat=True))
    added = [taken for taken in found if taken.label not in known]
    with transaction.atomic():
        for taken in added:
            catalogue.record(
                taken,
                subject=source.subject,
                clause_id=clause_of.get(taken.method.value, ""),
                store=source.store_name,
                verified_at=None,
            )
        if added:
            content = {"event": "backups-imported", "subject": source.subject, "count": len(added)}
            ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by), now=source.clock())
    return StoreSurvey([taken.label for taken in added], len(found) - len(added), troubles)


def note_pruned(source: BackupSource, done: PruneResult, *, by: str) -> None:
    """Record in the evidence who had *source* pruned, and what was removed."""
    content = {"event": "backups-pruned", "subject": source.subject, **asdict(done)}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by), now=source.clock())


def guarded(policy: Policy) -> VersionGuard:
    """Return the settings of a row's bucket; raises `StoreTrouble`."""
    with policy.source.opened() as at_work:
        return _keeper(at_work).look(days_of(policy.row.retention))


def mend(policy: Policy, *, by: str, digest: str) -> Sequence[Message]:
    """Fix the settings of a row's bucket, and record in the evidence who did it and what was changed."""
    with policy.source.opened() as at_work:
        changes = _keeper(at_work).mend(days_of(policy.row.retention))
    content = {
        "event": "bucket-fixed",
        "subject": policy.row.subject,
        "changes": [each.as_json() for each in changes],
    }
    kept = ledger.Record(
        LedgerEntry.Kind.AUDIT, content, actor=by, clause_id=policy.row.id, document_digest=digest
    )
    ledger.append(kept, now=policy.source.clock())
    return changes


def _keeper(at_work: OpenSubject) -> KeepsVersions:
    if not isinstance(at_work.engine, KeepsVersions):
        raise TypeError(f"{type(at_work.engine).__name__} keeps no versions")
    return at_work.engine
