"""The file that a command writes: new, unless it is to be overwritten."""

from pathlib import Path

from toban.faces.terminal import refuse
from toban.message import Message

_UNUSABLE = 2


def write_output(path: Path, text: str, *, overwrites: bool) -> None:
    """Write *text* into the file *path*, or say why not and leave with status 2."""
    try:
        with path.open("w" if overwrites else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as exc:
        refuse(Message("document.file-exists", file=path), Message("document.overwrite-or-write-elsewhere"))
        raise SystemExit(_UNUSABLE) from exc
    except OSError as exc:
        refuse(
            Message("document.file-not-writable", file=path, error=exc.strerror),
            Message("document.name-writable-file"),
        )
        raise SystemExit(_UNUSABLE) from exc
