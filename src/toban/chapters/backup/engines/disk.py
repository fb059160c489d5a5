"""A check for free disk space, before an operation that needs it."""

import shutil
from pathlib import Path

from toban.chapters.backup.engine import BackupFailed
from toban.engine.amounts import size
from toban.message import Message


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raise `BackupFailed` if fewer than *needed* bytes are free on the disk of *folder*."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        what = Message("backup-engines.disk-too-full", folder=folder, free=size(free), needed=size(needed))
        raise BackupFailed(what, hint=Message("backup-engines.free-disk-space"))
