"""Disk space for a dump that can't be streamed: checked first, one dump at a time, always cleared."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.disk import refuse_full_disk
from toban.message import Message


@contextmanager
def spool(place: Path | None, name: str, needed: int) -> Iterator[Path]:
    """Yield an empty folder with *needed* bytes free, and remove everything in it afterwards.

    What a killed process left there is removed first. Raises `BackupFailed` if the disk is too full, or
    while another backup of the same *name* holds the folder.
    """
    root = Path(tempfile.gettempdir()) if place is None else place
    folder = root / f"toban-pg_dump-{name}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with _held(folder):
            _clear(folder)
            refuse_full_disk(folder, needed)
            try:
                yield folder
            finally:
                _clear(folder)
    except OSError as error:
        raise BackupFailed(
            Message("backup-engines.trouble-of", place=folder, trouble=error.strerror)
        ) from error


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock *folder* against other processes and threads; the kernel releases it if the process dies."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupFailed(Message("backup-engines.folder-in-use", folder=folder)) from error
        yield


def _clear(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != ".lock":
            each.unlink()
