"""How each document stands: where it is, which changes it does not follow yet, who has read it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain

from django.db.models import Max

from toban.chapters.documents.models import DocumentCopy, DocumentReading
from toban.chapters.documents.plan import DocumentsPlan, KeptDocument
from toban.engine.changes.act import ChangeFacts, ChangeKind
from toban.engine.changes.models import Change, ChangeSubject
from toban.engine.changes.query import ChangeSearch, TellingChange, found
from toban.engine.tasks.models import SignOff
from toban.message import Message, from_json

_MOST_CHANGES = 200
"""Changes that one document is owed; of more, nobody could say anything one by one."""


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document, and what is known of it."""

    document: KeptDocument
    copies: Sequence[DocumentCopy]
    """Of the places that were looked at."""
    pending: Sequence[TellingChange] = ()
    """Changes that touch it, and that neither an update nor a person has answered; the oldest first."""
    declined_at: datetime | None = None
    """When somebody last said that it is not updated."""
    reading: DocumentReading | None = None
    """The newest that was long enough."""

    @property
    def follows_changes(self) -> bool:
        """Whether it is updated when what it is about changes."""
        return self.document.row.follows_changes and not self.document.is_written

    @property
    def here(self) -> DocumentCopy | None:
        """The newest of the copies that are in place."""
        found = [each for each in self.copies if each.digest and not each.trouble]
        return max(found, key=lambda each: (each.changed_at or each.first_at, each.place), default=None)

    @property
    def is_nowhere(self) -> bool:
        """Whether each of its places could be read, and none holds it."""
        return bool(self.copies) and all(each.is_missing for each in self.copies)

    @property
    def changed_at(self) -> datetime | None:
        """When it was last changed."""
        return self.here.changed_at if self.here is not None else None

    @property
    def updated_at(self) -> datetime | None:
        """When other words came to any of its places; None if they never did while Toban looked."""
        return max((each.updated_at for each in self.copies if each.updated_at is not None), default=None)

    @property
    def vanished(self) -> Sequence[Message]:
        """What it refers to and is not there."""
        return [from_json(each) for each in self.here.vanished] if self.here is not None else ()

    @property
    def unanswered(self) -> Sequence[TellingChange]:
        """The pending changes that nobody has said anything about."""
        last = self.declined_at
        return [each for each in self.pending if last is None or each.change.entry.at > last]


def states(plan: DocumentsPlan, documents: Sequence[KeptDocument] | None = None) -> Sequence[DocumentState]:
    """Return the state of these *documents* of *plan*, of every one if they are not named."""
    chosen = plan.documents if documents is None else documents
    copies = DocumentCopy.objects.in_bulk([place.key for each in chosen for place in each.places])
    signed, readings = _signed(chosen), _readings(chosen)
    known = [
        DocumentState(
            each,
            [copies[place.key] for place in each.judged_places if place.key in copies],
            declined_at=signed.get((each.key, False)),
            reading=readings.get(each.reading_key),
        )
        for each in chosen
    ]
    pending = _pending([_Owing.of(each, signed) for each in known if each.copies and each.follows_changes])
    return [replace(each, pending=pending.get(each.document.key, ())) for each in known]


@dataclass(frozen=True, slots=True)
class _Owing:
    """From where on a document is owed changes."""

    document: KeptDocument
    since: datetime
    """Its last update, or the first look."""
    answered: datetime | None
    """When somebody last said that no change is needed, of the changes that were recorded by then."""

    @classmethod
    def of(cls, state: DocumentState, signed: Mapping[tuple[str, bool], datetime]) -> "_Owing":
        # A place that is added later knows nothing of the changes before it, and settles none.
        first = min(each.first_at for each in state.copies)
        since = max(first, state.updated_at or first)
        return cls(state.document, since, signed.get((state.document.key, True)))

    def is_owed(self, at: datetime, recorded_at: datetime) -> bool:
        return at > self.since and (self.answered is None or recorded_at > self.answered)


class _Withheld(TellingChange):
    """A change of an account: what it says is for managers, and documents are for everybody."""

    @cached_property
    def facts(self) -> ChangeFacts:
        return ChangeFacts(ChangeKind.ACCOUNT, ChangeKind.ACCOUNT.word)


def _pending(owing: Sequence[_Owing]) -> Mapping[str, Sequence[TellingChange]]:
    """Return by the document's key the changes that touch each and are owed, the oldest first.

    One pass for all: it is asked every few seconds, and of a document that nobody updates for years.
    """
    if not owing:
        return {}
    since = min(each.since for each in owing)
    kinds = frozenset[ChangeKind]().union(*(each.document.subjects.wanted for each in owing))
    asked = ChangeSearch(since=since, kinds=kinds, with_accounts=ChangeKind.ACCOUNT in kinds)
    subjects = defaultdict[int, list[str]](list)
    about = ChangeSubject.objects.filter(change__in=found(asked).order_by().values("pk"))
    for change, name in about.values_list("change", "name").iterator(chunk_size=2000):
        subjects[change].append(name)
    owed = defaultdict[str, list[int]](list)
    changes = found(asked).order_by("at", "entry").values_list("pk", "at", "kind", "entry__at")
    for number, at, kind, recorded_at in changes.iterator(chunk_size=2000):
        for each in owing:
            if each.is_owed(at, recorded_at) and each.document.subjects.touched_by(kind, subjects[number]):
                owed[each.document.key].append(number)
    first = {key: numbers[:_MOST_CHANGES] for key, numbers in owed.items()}
    told = Change.objects.select_related("entry").in_bulk(list({*chain(*first.values())}))
    return {key: [_telling(told[number]) for number in numbers] for key, numbers in first.items()}


def _telling(change: Change) -> TellingChange:
    return _Withheld(change) if change.kind == ChangeKind.ACCOUNT else TellingChange(change)


def _signed(documents: Sequence[KeptDocument]) -> Mapping[tuple[str, bool], datetime]:
    """Return when each document's task was last signed off, as performed and as not."""
    every = SignOff.objects.filter(run__work__in=[each.key for each in documents])
    newest = every.values_list("run__work", "is_performed").annotate(Max("at")).order_by()
    return {(work, is_performed): at for work, is_performed, at in newest}


def _readings(documents: Sequence[KeptDocument]) -> Mapping[str, DocumentReading]:
    names = [each.reading_key for each in documents]
    every = DocumentReading.objects.filter(document__in=names, read_at__isnull=False)
    newest = dict(every.values_list("document").annotate(Max("read_at")).order_by())
    there = every.filter(read_at__in=list(newest.values()))
    return {each.document: each for each in there if each.read_at == newest[each.document]}
