"""Stores that let a test act in the middle of a backup."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from toban.engine.stores.store import ListedObject, Store, StoredObject, Writer
from toban.message import Message


class Interrupted:
    """A store that calls `act` once, after the first pieces of an object were written."""

    def __init__(self, store: Store, act: Callable[[], object], *, after: int = 1) -> None:
        """Let *after* bytes through first."""
        self._store = store
        self._act = act
        self._after = after

    @property
    def name(self) -> str:
        return self._store.name

    @contextmanager
    def writer(self, key: str) -> Iterator[Writer]:
        with self._store.writer(key) as writer:
            yield _Piecewise(writer, self._act, self._after)

    def put(self, key: str, content: bytes) -> StoredObject:
        return self._store.put(key, content)

    def add(self, key: str, content: bytes) -> StoredObject:
        return self._store.add(key, content)

    def lock(self, key: str, until: datetime, mode: str) -> str:
        return self._store.lock(key, until, mode)

    def read(self, key: str) -> bytes:
        return self._store.read(key)

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        return self._store.stream(key, sha256=sha256)

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        return self._store.listing(prefix)

    def delete(self, keys: Sequence[str]) -> None:
        self._store.delete(keys)

    def sweep(self, prefix: str, before: datetime) -> int:
        return self._store.sweep(prefix, before)

    def guard(self) -> Message:
        return self._store.guard()

    def close(self) -> None:
        self._store.close()


class _Piecewise:
    def __init__(self, writer: Writer, act: Callable[[], object], after: int) -> None:
        self._writer = writer
        self._act: Callable[[], object] | None = act
        self._left = after

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        self._writer.write(piece)
        self._left -= len(piece)
        if self._act is not None and self._left <= 0:
            act, self._act = self._act, None
            act()

    @property
    def stored(self) -> StoredObject:
        return self._writer.stored
