"""Reading files that others may be writing."""

from pathlib import Path

from toban.chapters.monitoring.discovery import Undiscovered
from toban.message import Message

_LARGEST = 1 << 20


def read(path: Path) -> str:
    """Return the text of the file, or raise `Undiscovered`: a missing file doesn't mean zero hosts."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise Undiscovered(
            Message("monitoring.file-not-readable", path=path, reason=error.strerror)
        ) from error
    if len(content) > _LARGEST:
        raise Undiscovered(Message("monitoring.file-too-large", path=path, mebibytes=_LARGEST >> 20))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Undiscovered(Message("monitoring.file-not-utf8", path=path)) from error
