"""The extension point for stores, places where files are retained: one small Protocol, one failure type."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol, runtime_checkable

from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Section
from toban.engine.registry.kinds import KindPoint
from toban.message import Message

_PLAIN = frozenset("-_.")


def folder_of(subject: str) -> str:
    """Return *subject* as the first part of a key: letters of any script stay readable, the rest is escaped.

    A character other than a letter, a digit or one of `-_.` becomes `!` and two hex digits for each byte of
    UTF-8. S3 advises against the percent sign that URLs use.
    """
    return "".join(
        letter
        if letter.isalnum() or letter in _PLAIN
        else "".join(f"!{byte:02X}" for byte in letter.encode())
        for letter in subject
    )


class StoreTrouble(Exception):
    """A request to the store failed; the message tells the operator why, without any secret.

    `passing` says whether a retry may help. An object that was being written does not exist.
    """

    def __init__(self, message: Message, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class AlreadyThere(StoreTrouble):
    """An object with that key exists already, and is unchanged."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is durable in the store, as the catalogue records it."""

    key: str
    size: int
    """Bytes in the store, after compression and encryption."""
    sha256: str
    """SHA-256 of those bytes, in hex."""
    version: str = ""
    """The store's version id, if it keeps versions."""
    sealed: str = ""
    """Who can open it: the age recipients, separated by spaces; empty if it is not encrypted."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as the store lists it."""

    key: str
    size: int
    modified_at: datetime


class Writer(Protocol):
    """An object that is being written."""

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Add bytes; may wait for the store; raises `StoreTrouble`."""

    @property
    def stored(self) -> StoredObject:
        """The object written; only available after the `with` block has succeeded."""


class Store(Protocol):
    """A place for objects, ready to use; threads may share it."""

    @property
    def name(self) -> str:
        """The place's name for operators: `s3://backups/shop`. It contains no secret."""

    def writer(self, key: str) -> AbstractContextManager[Writer]:
        """Write an object piece by piece, in bounded memory.

        It appears as a whole when the block succeeds. If the block raises, nothing appears under *key*.
        """

    def put(self, key: str, content: bytes) -> StoredObject:
        """Write a small object in one go."""

    def add(self, key: str, content: bytes) -> StoredObject:
        """Write a small object that must not replace another; raises `AlreadyThere`.

        If two writers add the same key, one of them gets the error, if the place supports that: S3 servers
        without conditional writes let the second one pass.
        """

    def lock(self, key: str, until: datetime, mode: str) -> str:
        """Have the place refuse to delete an object before *until*; *mode* is `GOVERNANCE` or `COMPLIANCE`.

        Returns the resulting lock, `GOVERNANCE 2027-11-26`; empty if the place has no locks.
        """

    def read(self, key: str) -> bytes:
        """Return the whole content of a small object, opened if it was sealed."""

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        """Yield the object's bytes, opened if it was sealed.

        With *sha256*, the digest of the stored bytes, raises `StoreTrouble` at the end if they differ.
        """

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """Yield every object whose key starts with *prefix*."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; it is no error if one is already gone."""

    def sweep(self, prefix: str, before: datetime) -> int:
        """Remove the remains of uploads that broke off before *before*; return how many there were."""

    def guard(self) -> Message:
        """Return how the place itself protects overwritten or deleted objects: versions, locks.

        `NOTHING` if it does not; raises `StoreTrouble` if it can't be found out.
        """

    def close(self) -> None:
        """Release connections; the store is not used again."""


@runtime_checkable
class ExpiresObjects(Protocol):
    """A store whose place deletes objects by a setting of its own, whatever Toban deletes."""

    def expiry(self) -> int | None:
        """Return after how many days it deletes some of what is stored; None if it never does.

        Raises `StoreTrouble`.
        """


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A kind of store as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[Section]
    build: Callable[[Any], Store]
    """Makes a store from a valid config; does not connect yet."""


STORE_KINDS = KindPoint("stores", StoreKind)
"""`kind = "…"` of `[stores.NAME]`."""


def stores_of(
    bindings: Bindings, kinds: Mapping[str, StoreKind]
) -> Iterator[tuple[str, Callable[[], Store]]]:
    """Yield each bound store's name, and what builds it."""
    for name, bound in bindings.stores.items():
        yield name, partial(kinds[bound.kind].build, bound.config)
