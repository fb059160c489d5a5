"""The operation of chapter 12: places are looked at, and documents follow what they are about."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from toban.chapters.documents import reading
from toban.chapters.documents.places import looking
from toban.chapters.documents.places.place import DOCUMENTS, PlaceUnknown
from toban.chapters.documents.plan import BoundPlace, DocumentsPlan, plan
from toban.chapters.documents.report import tell
from toban.chapters.documents.written import exporting
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace, works_of
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks import chores
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _works(made: DocumentsPlan) -> Mapping[str, Work]:
    return made.tasks


def _look(edition: Edition, now: datetime) -> None:
    works = works_of(edition, settings.PARTS.operations)
    looking.look(edition.plan(OPERATION), works, settings.HOME, edition.design.digest, now)


def _tell(edition: Edition, now: datetime) -> None:
    tell(edition.plan(OPERATION), edition, now)


def _write(edition: Edition, now: datetime) -> None:
    exporting.export(edition.plan(OPERATION), edition, settings.PARTS, now)


def _forget(_edition: Edition, now: datetime) -> None:
    reading.forget(now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift(
        [
            EditionLoop("documents-look", _look, every=10.0, leads=True),
            EditionLoop("documents-write", _write, every=10.0, leads=True),
            EditionLoop("documents-status", _tell, every=5.0, leads=True),
            EditionLoop("documents-forget", _forget, every=3600.0, leads=True),
        ]
    )


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    return chores.to_do(edition.plan(OPERATION).tasks, edition, seen)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    bindings = edition.bindings
    for each in (place for document in edition.plan(OPERATION).documents for place in document.places):
        yield Trial(
            TrialCode.DOCUMENT,
            Message("documents.trial", name=each.name),
            place_of(bindings, "documents", each.name),
            quote_of("documents", each.name, DOCUMENTS.of(bindings)[each.name]),
            partial(_doubts, each),
            Message("documents.check-place"),
        )


def _doubts(place: BoundPlace) -> Iterator[Doubt]:
    # What is tried leaves nothing behind.
    with TemporaryDirectory() as folder:
        try:
            looking.read(place.opened(Path(folder)))
        except PlaceUnknown as unknown:
            yield unknown.doubt


OPERATION = Operation(plan=plan, works=_works, shift=_shift, trials=_trials, to_do=_to_do)
