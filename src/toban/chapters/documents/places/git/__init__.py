"""A file of a repository."""

from pathlib import Path

from toban.chapters.documents.places.git.config import GitDocument
from toban.chapters.documents.places.place import DocumentKind, DocumentPlace


def _open(config: GitDocument, folder: Path) -> DocumentPlace:
    # Imported late: reading the bindings does not need it.
    from toban.chapters.documents.places.git.place import GitPlace  # noqa: PLC0415

    return GitPlace(config, folder)


KIND = DocumentKind(GitDocument, _open)
"""The settings of `[documents.NAME]` with `kind = "git"`."""
