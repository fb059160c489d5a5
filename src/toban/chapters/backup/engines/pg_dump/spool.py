"""Disk space for a dump that can't be streamed: checked first, one dump at a time, always cleared."""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.disk import refuse_full_disk
from toban.message import Message


@contextmanager
def spool(place: Path | None, name: str, needed: int) -> Iterator[Path]:
    """Yield an empty folder with *needed* bytes free, and remove everything in it afterwards.

    It is below *place*, by default below Toban's home: nobody else can make it first, and read the dump.
    What a killed process left there is removed first. Raises `BackupFailed` if the disk is too full, if the
    folder is somebody else's, or while another backup of the same *name* holds it.
    """
    root = settings.HOME / "spool" if place is None else place
    folder = root / f"toban-pg_dump-{name}"
    try:
        if place is None:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _refuse_foreign(folder)
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


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that somebody else made, or that a link leads to: they would read the dump."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise BackupFailed(Message("backup-engines.folder-of-somebody-else", folder=folder))
    folder.chmod(0o700)


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
