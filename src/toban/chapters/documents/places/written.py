"""`kind = "written"`: a document that Toban writes itself, into a folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from toban.chapters.documents.bindings import DocumentBinding
from toban.chapters.documents.places.place import DocumentKind, DocumentMissing, FoundDocument
from toban.engine.bindings.section import beside_the_bindings
from toban.engine.bindings.values import Language
from toban.message import Message


class WrittenDocument(DocumentBinding):
    """`kind = "written"`: a document that Toban writes itself on each change, so that it can't age."""

    spot: ClassVar[tuple[str, ...]] = ("writes", "folder", "language")
    example: ClassVar[Mapping[str, str]] = {"writes": "diagram", "folder": "/srv/documents"}
    is_written: ClassVar[bool] = True

    writes: Literal["diagram", "procedures", "incidents", "contacts"]
    """What it writes."""
    folder: Annotated[Path, AfterValidator(beside_the_bindings)]
    """Where the files go: a folder that is there already, such as one of a git working tree."""
    language: Language = "ja"
    """The language of what Toban says in it; what the document says stays as written."""


class WrittenPlace:
    """The folder of such a document. See `DocumentPlace`; `exporting` writes into it."""

    def __init__(self, config: WrittenDocument) -> None:
        self._config = config

    def read(self) -> FoundDocument:
        """See `DocumentPlace`: it is as good as there where it can be written."""
        folder = self._config.folder
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise DocumentMissing(Message("documents.no-folder", folder=str(folder)))
        return FoundDocument(str(folder))

    def is_there(self, _link: str) -> bool | None:
        """See `DocumentPlace`: what Toban writes refers to its own files only."""
        return None


def _open(config: WrittenDocument, _folder: Path) -> WrittenPlace:
    return WrittenPlace(config)


KIND = DocumentKind(WrittenDocument, _open)
"""The settings of `[documents.NAME]` with `kind = "written"`."""
