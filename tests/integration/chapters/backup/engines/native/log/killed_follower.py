"""A process that follows a log and is killed while it catches up, after it reported its position.

`python killed_follower.py STORE DSN BOOK`: the book is stored as a pickle, because a catalogue outlives its
worker.
"""

import os
import pickle
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import psycopg
from tests.integration.chapters.backup.engines.native.log.test_wal import Book

from toban.chapters.backup.engine import WalPosition
from toban.chapters.backup.engines.native.log.wal import WalSource, follow
from toban.chapters.backup.engines.native.protocol.segments import WalSegment, position, read_key
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import StoredObject

_SIZE = 1 << 20
_SEGMENTS = 3
"""Segments that are stored before the kill."""


class KeptBook(Book):
    """A book that is saved to the file with every change."""

    file: Path

    def goes_on(self, system_id: str, first: WalPosition, last_lsn: str, durable_to: datetime | None) -> None:
        super().goes_on(system_id, first, last_lsn, durable_to)
        self.file.write_bytes(pickle.dumps(self.stretches))


class DyingStore(DirectoryStore):
    """A store that takes a few segments, and ends the process at the next one the server may discard."""

    def __init__(self, folder: Path, dsn: str) -> None:
        super().__init__(DirectoryConfig(path=folder))
        self._dsn = dsn
        self._stored: list[WalSegment] = []

    def put(self, key: str, content: bytes) -> StoredObject:
        if len(self._stored) == _SEGMENTS:
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                while position(_kept(connection)) < self._stored[-1].end:
                    time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGKILL)
        name = read_key(key)
        if name is not None and name.offset is None:
            self._stored.append(WalSegment.named(name.segment, _SIZE))
        return super().put(key, content)


def _kept(connection: "psycopg.Connection[tuple[str]]") -> str:
    row = connection.execute("SELECT restart_lsn::text FROM pg_replication_slots").fetchone()
    assert row is not None
    return row[0]


class _Forever:
    def why_stop(self) -> None:
        return None


def main(folder: str, dsn: str, file: str) -> None:
    book = KeptBook()
    book.file = Path(file)
    book.stretches = pickle.loads(book.file.read_bytes())  # noqa: S301 - the test has written it
    follow(WalSource("PostgreSQL", dsn, "toban", DyingStore(Path(folder), dsn), 1, 0.1), book, _Forever())


if __name__ == "__main__":
    main(*sys.argv[1:])
