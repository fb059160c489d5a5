"""Writes documents into a folder: each file whole or not at all, and never over what a person has written."""

import os
import stat
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from toban.chapters.documents.written.kinds import is_own, marked
from toban.message import Message

_MOST = 8 * 1024 * 1024
"""Bytes of a file."""
_READABLE = 0o644


class NotWritten(Exception):
    """The files were not written; the message says why."""


class FileEdited(NotWritten):
    """A file is there that this entry has not written, or that somebody has edited since."""


def write(folder: Path, files: Mapping[str, str], edition: str, owner: str) -> Mapping[str, str]:
    """Write *files* into *folder*, and return the digests of those that were not the same already."""
    contents = {name: marked(text, edition, owner) for name, text in files.items()}
    try:
        former = {name: _read(folder / name) for name in contents}
        for name, found in former.items():
            if len(contents[name]) > _MOST:
                raise NotWritten(Message("documents-written.too-long", file=str(folder / name)))
            if found is not None and found != contents[name] and not is_own(found, owner):
                raise FileEdited(Message("documents-written.edited", file=str(folder / name)))
        wanted = {name: content for name, content in contents.items() if former[name] != content}
        for name, content in wanted.items():
            _replace(folder / name, content, former[name])
    except OSError as error:
        why = error.strerror or str(error)
        raise NotWritten(Message("documents-written.not-written", folder=str(folder), why=why)) from error
    return {name: sha256(content).hexdigest() for name, content in wanted.items()}


def _read(path: Path) -> bytes | None:
    """Return the content of a plain file; a link could lead to any file of this machine."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise FileEdited(Message("documents-written.edited", file=str(path)))
        return file.read(_MOST + 1)


def _replace(path: Path, content: bytes, former: bytes | None) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as made:
        draft = Path(made.name)
        try:
            made.write(content)
            made.flush()
            os.fchmod(made.fileno(), _READABLE)
            os.fsync(made.fileno())
            # Who saved it while it was being written is not overwritten either.
            if _read(path) != former:
                raise FileEdited(Message("documents-written.edited", file=str(path)))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
