"""Reading files that others may be writing."""

from pathlib import Path

from toban.chapters.monitoring.discovery import Undiscovered

_LARGEST = 1 << 20


def read(path: Path) -> str:
    """Return the text of the file, or raise `Undiscovered`: a missing file doesn't mean zero hosts."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise Undiscovered(f"{path} を読めません（{error.strerror}）") from error
    if len(content) > _LARGEST:
        raise Undiscovered(f"{path} が {_LARGEST >> 20} MiB を超えています")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Undiscovered(f"{path} が UTF-8 ではありません") from error
