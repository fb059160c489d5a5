"""Keeps the documents that Toban writes itself in their folders, by the version in force and the ledgers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from toban.chapters.documents.models import DocumentCopy
from toban.chapters.documents.places.looking import PlaceLook, is_due, keep
from toban.chapters.documents.places.place import FoundDocument
from toban.chapters.documents.places.text import links_of
from toban.chapters.documents.plan import BoundPlace, DocumentsPlan
from toban.chapters.documents.written.kinds import WrittenKind, edition_mark, files_of
from toban.chapters.documents.written.standing import standing_at
from toban.chapters.documents.written.writing import NotWritten, write
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.message import message_of


def export(plan: DocumentsPlan, edition: Edition, parts: Parts, now: datetime) -> None:
    """Write what is not in its folder as it should be, and note it: without news, now and then."""
    if not any(document.is_written for document in plan.documents):
        return
    standing = standing_at(edition, parts.ports, now)
    for document in plan.documents:
        for place in document.places:
            if not place.is_written:
                continue
            known = DocumentCopy.objects.filter(place=place.key).first()
            config: Any = place.config
            name, kind = document.row.name, WrittenKind(config.writes)
            files = files_of(kind, edition, parts.operations, config.language, name, standing)
            look = _look(place, files, edition_mark(edition), known, now)
            is_news = known is None or bool(look.files) or look.trouble != known.trouble
            if is_news or known is None or is_due(known, plan.keeping.every, now):
                keep(document, place, look, edition.design.digest, now)


def _look(
    place: BoundPlace, files: Mapping[str, str], edition: str, known: DocumentCopy | None, now: datetime
) -> PlaceLook:
    config: Any = place.config
    try:
        written: Mapping[str, str] = write(config.folder, files, edition, place.name)
    except NotWritten as refused:
        return PlaceLook(None, message_of(refused), is_missing=True)
    text = next(iter(files.values()))
    at = now if written or known is None or known.changed_at is None else known.changed_at
    found = FoundDocument(text, edition, at, "Toban", links_of(text))
    return PlaceLook(found, files=written)
