"""Room on a disk, asked for before an act that needs it."""

import shutil
from pathlib import Path

from toban.chapters.backup.engine import BackupFailed

_MIB = 1 << 20


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raise `BackupFailed` when less than *needed* bytes are free where *folder* is."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(
            f"{folder}: 空きが {free // _MIB:,} MiB で、{needed // _MIB:,} MiB に足りません\n"
            "HINT: 空きを作るか、別のディスクを指してください"
        )
