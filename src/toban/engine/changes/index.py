"""Writes the change ledger, in the transaction that appends the evidence; only `ledger.append` calls it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from toban.engine.changes.act import EDITION, WHOLE, ActReader, ChangeFacts, act_of, facts_of, key_of
from toban.engine.changes.models import LONGEST_SUBJECT, Change, ChangeSubject
from toban.engine.evidence.models import LedgerEntry

READ = (LedgerEntry.Kind.AUDIT, LedgerEntry.Kind.DOCUMENT)
"""The kinds of entries that may be changes."""


@dataclass(frozen=True, slots=True)
class IndexedChange:
    """What the change ledger holds about an entry."""

    entry: int
    at: datetime
    kind: str
    actor: str
    subjects: tuple[str, ...]


def facts(entry: LedgerEntry, readers: Mapping[str, ActReader] | None = None) -> ChangeFacts | None:
    """Return the change that *entry* records; None if it records none."""
    if entry.kind not in READ:
        return None
    act = EDITION if entry.kind == LedgerEntry.Kind.DOCUMENT else act_of(entry.content)
    return facts_of(settings.PARTS.acts if readers is None else readers, act, entry.content)


def indexed(entry: LedgerEntry) -> IndexedChange | None:
    """Return what the change ledger holds about *entry*; None if it is no change."""
    found = facts(entry)
    if found is None:
        return None
    named = (each for each in (entry.clause_id, *found.about) if each)
    subjects = tuple(dict.fromkeys(key_of(each)[:LONGEST_SUBJECT] for each in named)) or (WHOLE,)
    return IndexedChange(entry.sequence, found.at or entry.at, found.kind, entry.actor, subjects)


def note(entries: Iterable[LedgerEntry]) -> None:
    """Write those of *entries* that are changes into the change ledger, in the caller's transaction."""
    found = [each for each in map(indexed, entries) if each is not None]
    if not found:
        return
    Change.objects.bulk_create(
        [Change(entry_id=each.entry, at=each.at, kind=each.kind, actor=each.actor) for each in found],
        batch_size=200,
    )
    ChangeSubject.objects.bulk_create(
        [
            ChangeSubject(change_id=each.entry, name=name, at=each.at)
            for each in found
            for name in each.subjects
        ],
        batch_size=200,
    )
