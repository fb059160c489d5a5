"""The log files of the days before, packed as logrotate does it: text takes a tenth of its room then."""

import gzip
import os
import shutil
import time
from pathlib import Path

EVERY = 600.0
QUIET = 3600.0
"""Seconds for which nobody has written to a file of a day that is over."""
PLAIN = "*.log.20[2-9]?-[01]?-[0-3]?"
"""A day's file that is not packed; a game day fills the folder with files of years before."""


def keep_packing(folder: Path) -> None:
    """Pack what is over, now and every few minutes."""
    while True:
        pack(folder, time.time())
        time.sleep(EVERY)


def pack(folder: Path, now: float) -> None:
    """Pack the files in *folder* to which nobody writes any more, and keep their times, as logrotate does."""
    today = time.strftime("%Y-%m-%d", time.localtime(now))
    for path in folder.glob(PLAIN):
        status = path.stat()
        if path.name.endswith(today) or now - status.st_mtime < QUIET:
            continue
        packed, draft = path.with_name(f"{path.name}.gz"), path.with_name(f".{path.name}.gz")
        with path.open("rb") as plain, gzip.open(draft, "wb") as to:
            shutil.copyfileobj(plain, to)
        os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))
        draft.rename(packed)
        path.unlink()
