"""A check for free disk space, before an operation that needs it."""

import shutil
from pathlib import Path

from toban.chapters.backup.engine import BackupFailed

_MIB = 1 << 20


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raise `BackupFailed` if fewer than *needed* bytes are free on the disk of *folder*."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(
            f"{folder}: 空きが {free // _MIB:,} MiB で、{needed // _MIB:,} MiB に足りません\n"
            "HINT: 空きを作るか、別のディスクを指してください"
        )
