"""Which documents are kept where, what they are about, and which rows say so. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from toban.chapters.documents.bindings import DOCUMENT_KEEPING, DocumentBinding, KeepingBinding, row_of
from toban.chapters.documents.places.place import DOCUMENT_KINDS, DOCUMENTS, DocumentKind, DocumentPlace
from toban.chapters.documents.subjects import Subjects, known_names, rows_called, subjects_of, unknown_words
from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.hours import Hours
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.calendar.due import lasts
from toban.engine.changes.query import around
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.operation import RowAnswer
from toban.engine.runs.work import Work
from toban.engine.tasks.events import TaskGround
from toban.engine.tasks.rules import TaskTerms
from toban.engine.tasks.works import hours_of
from toban.message import NOTHING, Message
from toban.text import fitting_key

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BoundPlace:
    """A place as `toban.toml` binds it."""

    name: str
    """Of its table, `[documents.NAME]`."""
    kind_name: str
    config: DocumentBinding
    kind: DocumentKind

    @property
    def key(self) -> str:
        """Its name in the state database."""
        return fitting_key(self.name, 200)

    @property
    def is_written(self) -> bool:
        """Whether Toban itself writes the document there."""
        return self.config.is_written

    @property
    def spot(self) -> str:
        """What changes when the entry is made to point elsewhere."""
        said = (self.kind_name, *(str(getattr(self.config, key)) for key in self.config.spot))
        return sha256("\0".join(said).encode()).hexdigest()

    def opened(self, home: Path) -> DocumentPlace:
        """Return the place; what it keeps is under *home*."""
        own = sha256(self.name.encode()).hexdigest()[:32]
        return self.kind.open(self.config, home / "documents" / own)


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document of chapter 12 that is bound."""

    row: ManagedDocument
    places: Sequence[BoundPlace]
    """It is kept if it is in one of them: Wiki/Git."""
    about: tuple[str, ...]
    subjects: Subjects
    is_confirmed: bool
    """Whether `toban.toml` says what it is about; else its name does."""
    unknown: tuple[str, ...] = ()
    """The words of `about` that nothing in the document or the bindings is called."""

    @property
    def is_written(self) -> bool:
        """Whether Toban itself writes it: then each change is followed by the export, and by nobody else."""
        return any(each.is_written for each in self.places)

    @property
    def judged_places(self) -> Sequence[BoundPlace]:
        """The places by which it is judged: copies elsewhere prove nothing about what Toban writes."""
        return [each for each in self.places if each.is_written == self.is_written]

    @property
    def reading_key(self) -> str:
        """Its name in the records of who has read it."""
        return fitting_key(self.row.name, 300)

    @property
    def key(self) -> str:
        """The key of the work in which it follows a change."""
        return fitting_key(f"update/{self.row.id}", 200)


@dataclass(frozen=True, slots=True)
class DocumentsPlan:
    """The documents that are bound, and why the others are not."""

    documents: Sequence[KeptDocument]
    unbound: Sequence[str]
    """The names of the documents that follow changes, and of which nobody has said where they are kept."""
    rules: Sequence[DocumentRule]
    """The rows that order updates on changes."""
    keeping: KeepingBinding
    manager: str
    hours: Hours
    system: System
    rows: Mapping[str, RowAnswer]
    tasks: Mapping[str, Work] = field(default_factory=dict)

    @property
    def following(self) -> Sequence[KeptDocument]:
        """The documents that follow changes."""
        return [each for each in self.documents if each.row.follows_changes]

    def until(self, changed_at: datetime) -> datetime:
        """Return until when a document must follow a change."""
        zone = self.system.zone
        if any(rule.is_same_day for rule in self.rules):
            return existing(changed_at.astimezone(zone).date() + _DAY, time(0), zone)
        within = Duration(Decimal(self.keeping.update_within), TimeUnit.BUSINESS_DAY)
        return changed_at + lasts(within, changed_at, self.system, self.hours)


def plan(edition: Edition) -> DocumentsPlan:
    """Return what *edition* says of documents, with the tasks of those that follow changes."""
    design, bindings = edition.design, edition.bindings
    manager = managing_role(design)
    documents = tuple(_documents(edition))
    bound = {each.row.id for each in documents}
    unbound = Message("documents.not-bound", file=bindings.file)
    rows: dict[str, RowAnswer] = {
        row.id: NOTHING if row.id in bound else unbound for row in design.of(ManagedDocument)
    }
    rules = tuple(rule for rule in design.of(DocumentRule) if rule.follows_changes)
    is_followed = any(each.row.follows_changes for each in documents)
    rows |= {rule.id: NOTHING if is_followed else unbound for rule in rules}
    hours = hours_of((manager,), design)
    ground = TaskGround(design.digest, bindings.acting_digest, bindings.system)
    terms = {each.key: TaskTerms(each.row.name, (manager,), hours, is_owed=True) for each in documents}
    return DocumentsPlan(
        documents,
        tuple(row.name for row in design.of(ManagedDocument) if row.follows_changes and row.id not in bound),
        rules,
        DOCUMENT_KEEPING.of(bindings),
        manager,
        hours,
        bindings.system,
        rows,
        {
            each.key: ground.work(each.key, each.row, terms[each.key])
            for each in documents
            if each.row.follows_changes and not each.is_written
        },
    )


def _documents(edition: Edition) -> Iterator[KeptDocument]:
    bindings = edition.bindings
    kinds: Mapping[str, Any] = edition.kinds.of(DOCUMENT_KINDS)
    entries = DOCUMENTS.of(bindings)
    names = known_names(edition.design, bindings)
    for row in edition.design.of(ManagedDocument):
        places = tuple(
            BoundPlace(name, each.kind, each.config, kinds[each.kind])
            for name, each in entries.items()
            if row_of(edition.design, name, each.config) is row
        )
        if places:
            said = tuple(word for each in places for word in each.config.about or ())
            about = tuple(dict.fromkeys(said or row.subjects))
            known = {*around(edition, *about), *rows_called(edition.design, about)}
            unknown = unknown_words(about, names)
            yield KeptDocument(row, places, about, subjects_of(about, known), bool(said), unknown)
