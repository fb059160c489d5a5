"""The extension point for places that files are kept in for long: one small Protocol, one failure type."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from toban.engine.bindings.section import Section
from toban.engine.registry.kinds import KindPoint

_PLAIN = frozenset("-_.")


def folder_of(subject: str) -> str:
    """Return *subject* as the first part of a key: letters of any script stay readable, nothing else does.

    What is neither letter, digit nor one of `-_.` becomes `!` and two hex digits for each byte of UTF-8: a
    percent sign, as URLs have it, is among the characters that S3 advises against.
    """
    return "".join(
        letter
        if letter.isalnum() or letter in _PLAIN
        else "".join(f"!{byte:02X}" for byte in letter.encode())
        for letter in subject
    )


class StoreTrouble(Exception):
    """The store did not do what it was asked; the message tells the operator why, without any secret.

    `passing` says whether asking again may help. What was being written is not there.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class AlreadyThere(StoreTrouble):
    """An object has that key already, and stays as it is."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that is durable in the store, as the catalogue keeps it."""

    key: str
    size: int
    """Bytes in the store, after compression and encryption."""
    sha256: str
    """Of those bytes, in hex."""
    version: str = ""
    """The store's version id, where it keeps versions."""
    sealed: str = ""
    """Who can open it: the age recipients, separated by spaces; empty when it is not encrypted."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as the store lists it."""

    key: str
    size: int
    modified_at: datetime


class Writer(Protocol):
    """An object being written."""

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Add bytes; may wait for the store, and raises `StoreTrouble`."""

    @property
    def stored(self) -> Stored:
        """What was written; only after the `with` block has ended well."""


class Store(Protocol):
    """A place for objects, ready to use; threads may share it."""

    @property
    def name(self) -> str:
        """What operators call the place: `s3://backups/shop`. No secret is in it."""

    def writer(self, key: str) -> AbstractContextManager[Writer]:
        """Write an object piece by piece, in bounded memory.

        It appears whole when the block ends well. When the block raises, nothing appears under *key*.
        """

    def put(self, key: str, content: bytes) -> Stored:
        """Write a small object in one go."""

    def add(self, key: str, content: bytes) -> Stored:
        """Write a small object that must not take another's place; raises `AlreadyThere`.

        Of two who add the same key one is told so, where the place can: servers of S3 that know no
        conditional writes let the second one pass.
        """

    def lock(self, key: str, until: datetime, mode: str) -> str:
        """Have the place refuse to delete an object before *until*; *mode* is `GOVERNANCE` or `COMPLIANCE`.

        Returns what holds then, in words; empty where the place has no locks.
        """

    def read(self, key: str) -> bytes:
        """Return a small object whole, opened if it was sealed."""

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        """Yield the object's bytes, opened if it was sealed.

        With *sha256*, of the stored bytes, raises `StoreTrouble` at the end if they are others.
        """

    def listing(self, prefix: str) -> Iterator[Listed]:
        """Yield every object whose key starts with *prefix*."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is gone already is no error."""

    def sweep(self, prefix: str, before: datetime) -> int:
        """Remove what uploads broken off before *before* have left behind; return how many there were."""

    def guard(self) -> str:
        """Say what the place itself does for what is overwritten or deleted in it: versions, locks.

        Empty where it does nothing of the kind; raises `StoreTrouble` where it can't be told.
        """

    def close(self) -> None:
        """Let go of connections; the store is not used again."""


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A kind of store as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[Section]
    build: Callable[[Any], Store]
    """Makes a store of a valid config; connects to nothing yet."""


STORE_KINDS = KindPoint("stores", StoreKind)
"""`kind = "…"` of `[stores.NAME]`."""
