"""The document's file: read as it is, and replaced as a whole if nobody else has written it meanwhile."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toban.design.reader import load_design
from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.message import Message

_ENCODING = "utf-8"


class FileChanged(Exception):
    """The file is another one than was read, or can't be written; the message says it."""


def document_text(path: Path, declared: Sequence[DeclaredElsewhere] = ()) -> tuple[bytes, str]:
    """Return the bytes and the text of the document, with the mark of its encoding if it has one.

    Raises `UnreadableDocument`.
    """
    load_design(path, declared)
    content = path.read_bytes()
    return content, content.decode(_ENCODING)


def write_document(path: Path, known: bytes, text: str) -> None:
    """Write *text* into the file, whole or not at all; raise `FileChanged` unless it still holds *known*."""
    # A link stays a link.
    real = path.resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False) as made:
            made.write(text.encode(_ENCODING))
            made.flush()
            os.fsync(made.fileno())
        copy = Path(made.name)
        try:
            shutil.copymode(real, copy)
            if real.read_bytes() != known:
                raise FileChanged(Message("capacity.document-has-changed", document=path))
            copy.replace(real)
        finally:
            copy.unlink(missing_ok=True)
    except OSError as error:
        said = Message("capacity.document-not-written", document=path, why=error.strerror or str(error))
        raise FileChanged(said) from error
