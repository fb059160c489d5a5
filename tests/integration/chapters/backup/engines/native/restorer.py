"""Restores a full backup slowly, so that it can be killed: STORE-FOLDER INTO; the backup is pickled."""

import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from toban.chapters.backup.engine import RestoreOrder
from toban.chapters.backup.engines.native.restoring.recover import restore
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.message import NOTHING, Message


class Slow(DirectoryStore):
    """A store that takes its time over every piece."""

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        for piece in super().stream(key, sha256=sha256):
            for at in range(0, len(piece), 4096):
                yield piece[at : at + 4096]
                time.sleep(0.01)


class Deaf:
    """A `Watch` that ignores everything."""

    def say(self, text: Message) -> None:
        """Ignore the line."""

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        """Ignore the progress."""

    def why_stop(self) -> object | None:
        """Never stop."""
        return None


if __name__ == "__main__":
    root, into = sys.argv[1:]
    taken = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the test itself
    store = Slow(DirectoryConfig(path=Path(root)))
    restore(store, "PostgreSQL", RestoreOrder(chain=[taken], into=Path(into), follows_log=False), Deaf())
