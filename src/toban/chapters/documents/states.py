"""How each document stands: where it is, which changes it does not follow yet, who has read it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.documents.models import DocumentCopy, DocumentReading
from toban.chapters.documents.plan import DocumentsPlan, KeptDocument
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, found, told
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
    def here(self) -> DocumentCopy | None:
        """The newest of the copies that are in place."""
        found = [each for each in self.copies if each.digest and not each.trouble]
        return max(found, key=lambda each: (each.changed_at or each.first_at, each.place), default=None)

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


def states(plan: DocumentsPlan) -> Sequence[DocumentState]:
    """Return the state of every document of *plan*."""
    copies = DocumentCopy.objects.in_bulk([place.name for each in plan.documents for place in each.places])
    signed = _signed(plan)
    readings = _readings(plan)
    return [_state(each, copies, signed.get(each.key, ()), readings) for each in plan.documents]


def _state(
    document: KeptDocument,
    copies: Mapping[str, DocumentCopy],
    signed: Sequence[SignOff],
    readings: Mapping[str, DocumentReading],
) -> DocumentState:
    looked = [copies[place.name] for place in document.places if place.name in copies]
    state = DocumentState(
        document,
        looked,
        declined_at=max((each.at for each in signed if not each.is_performed), default=None),
        reading=readings.get(document.row.name),
    )
    if not looked or not document.row.follows_changes:
        return state
    # A place that is added later knows nothing of the changes before it, and settles none.
    first = min(each.first_at for each in looked)
    since = max([first, *(each.updated_at for each in looked if each.updated_at is not None)])
    answered = max((each.at for each in signed if each.is_performed), default=None)
    pending = tuple(_pending(document, since, answered))
    return DocumentState(document, looked, pending, state.declined_at, state.reading)


def _pending(document: KeptDocument, since: datetime, answered: datetime | None) -> Iterator[TellingChange]:
    """Yield the changes that touch *document* after *since*, and that were recorded since *answered*."""
    wanted = document.subjects.wanted
    asked = ChangeSearch(since=since, kinds=wanted, with_accounts=ChangeKind.ACCOUNT in wanted)
    changes = found(asked).filter(at__gt=since).prefetch_related("subjects")
    if answered is not None:
        changes = changes.filter(entry__at__gt=answered)
    touching = (
        each
        for each in changes.order_by("at", "entry").iterator(chunk_size=500)
        if document.subjects.touched_by(each.kind, [subject.name for subject in each.subjects.all()])
    )
    for _, each in zip(range(_MOST_CHANGES), touching, strict=False):
        yield from told([each])


def _signed(plan: DocumentsPlan) -> Mapping[str, Sequence[SignOff]]:
    """Return the newest sign-offs of each document's task, of either kind."""
    signed: dict[str, list[SignOff]] = {}
    for key in plan.tasks:
        every = SignOff.objects.filter(run__work=key).order_by("-at")
        kinds = (every.filter(is_performed=is_performed).first() for is_performed in (True, False))
        signed[key] = [each for each in kinds if each is not None]
    return signed


def _readings(plan: DocumentsPlan) -> Mapping[str, DocumentReading]:
    names = [each.row.name for each in plan.documents]
    newest = DocumentReading.objects.filter(document__in=names, read_at__isnull=False).order_by("read_at")
    return {each.document: each for each in newest}
