"""Encryption before anything leaves this machine: age (https://age-encryption.org/v1), around any store.

Writing needs only the recipients' public keys, which are not secret. Reading, verifying and restoring need
the secret key, which is never in the store.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Annotated, Any

import pyrage
from pydantic import AfterValidator

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.bindings.section import Section, invalid
from toban.engine.stores.pipe import Pipe, PipeAbandoned
from toban.engine.stores.store import ExpiresObjects, ListedObject, Store, StoredObject, StoreTrouble, Writer
from toban.message import Message, message_of

_MARK = b"age-encryption.org/v1\n"
_BETWEEN = 4 << 20
"""Bytes that may wait between the plain side and the sealed side."""


def _recipient(written: str) -> str:
    try:
        pyrage.x25519.Recipient.from_str(written)
    except pyrage.RecipientError as error:
        raise invalid(Message("stores.not-a-recipient"), Message("stores.write-a-recipient")) from error
    return written


class SealedConfig(Section):
    """The encryption settings of every kind of store."""

    encrypt_to: tuple[Annotated[str, AfterValidator(_recipient)], ...] = ()
    """The public keys (`age1…`) of those who can open stored objects; empty: no encryption here."""
    identity: Secret | None = None
    """The file of secret keys for reading, as `age-keygen` writes it; writing needs none."""


class SealedStore:
    """A store that seals objects on writing, if recipients are given, and opens sealed objects on reading."""

    def __init__(self, inner: Store, config: SealedConfig) -> None:
        self._inner = inner
        self._config = config
        self._recipients = [pyrage.x25519.Recipient.from_str(each) for each in config.encrypt_to]

    @property
    def name(self) -> str:
        """The name of the inner store."""
        return self._inner.name

    def writer(self, key: str) -> AbstractContextManager[Writer]:
        """See `Store`."""
        return self._sealing(key) if self._recipients else self._inner.writer(key)

    def put(self, key: str, content: bytes) -> StoredObject:
        """See `Store`."""
        if not self._recipients:
            return self._inner.put(key, content)
        return self._marked(self._inner.put(key, pyrage.encrypt(content, self._recipients)))

    def add(self, key: str, content: bytes) -> StoredObject:
        """See `Store`."""
        if not self._recipients:
            return self._inner.add(key, content)
        return self._marked(self._inner.add(key, pyrage.encrypt(content, self._recipients)))

    def lock(self, key: str, until: datetime, mode: str) -> str:
        """See `Store`."""
        return self._inner.lock(key, until, mode)

    def read(self, key: str) -> bytes:
        """See `Store`."""
        content = self._inner.read(key)
        if not content.startswith(_MARK):
            return content
        with self._opening(key):
            return bytes(pyrage.decrypt(content, self._identities()))

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        """See `Store`."""
        pieces = self._inner.stream(key, sha256=sha256)
        head = b""
        for piece in pieces:
            head += piece
            if len(head) >= len(_MARK):
                break
        whole = chain((head,), pieces) if head else pieces
        yield from self._opened(key, whole) if head.startswith(_MARK) else whole

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """See `Store`; sizes are those of the sealed objects."""
        return self._inner.listing(prefix)

    def delete(self, keys: Sequence[str]) -> None:
        """See `Store`."""
        self._inner.delete(keys)

    def sweep(self, prefix: str, before: datetime) -> int:
        """See `Store`."""
        return self._inner.sweep(prefix, before)

    def guard(self) -> Message:
        """See `Store`."""
        return self._inner.guard()

    def expiry(self) -> int | None:
        """See `ExpiresObjects`; None if the place is none."""
        return self._inner.expiry() if isinstance(self._inner, ExpiresObjects) else None

    def close(self) -> None:
        """See `Store`."""
        self._inner.close()

    def _marked(self, stored: StoredObject) -> StoredObject:
        return replace(stored, sealed=" ".join(self._config.encrypt_to))

    @contextmanager
    def _sealing(self, key: str) -> Iterator["_Sealing"]:
        with self._inner.writer(key) as target, ThreadPoolExecutor(1, thread_name_prefix="seal") as aside:
            sealing = _Sealing(target, self._recipients, aside)
            try:
                yield sealing
            except BaseException as error:
                sealing.break_off(error)
                raise
            sealing.finish()
        # The object is complete only after the block of the inner writer has ended.
        sealing.stored = self._marked(target.stored)

    def _opened(self, key: str, sealed: Iterator[bytes]) -> Iterator[bytes]:
        source, pipe, identities = _SealedSource(sealed), Pipe(_BETWEEN), self._identities()

        def open_it() -> None:
            try:
                pyrage.decrypt_io(source, pipe, identities)
            except Exception as error:
                # pyrage replaces the store's exception with its own.
                pipe.end(source.failure or error)
                raise
            pipe.end()

        with ThreadPoolExecutor(1, thread_name_prefix="open") as aside, self._opening(key):
            try:
                aside.submit(open_it)
                yield from pipe
            finally:
                pipe.abandon()

    def _identities(self) -> list[pyrage.x25519.Identity]:
        if self._config.identity is None:
            raise StoreTrouble(Message("stores.sealed-without-identity", place=self.name))
        try:
            lines = self._config.identity.reveal().splitlines()
            found = [
                pyrage.x25519.Identity.from_str(line.strip())
                for line in lines
                if line.strip() and not line.startswith("#")
            ]
        except SecretUnavailable as error:
            said = Message("stores.no-identity", place=self.name, why=message_of(error))
            raise StoreTrouble(said) from error
        except pyrage.IdentityError as error:
            raise StoreTrouble(Message("stores.not-an-identity", where=self._config.identity)) from error
        return found

    @contextmanager
    def _opening(self, key: str) -> Iterator[None]:
        try:
            yield
        except pyrage.DecryptError as error:
            raise StoreTrouble(Message("stores.other-identity", place=self.name, key=key)) from error
        except OSError as error:
            raise StoreTrouble(Message("stores.damaged", place=self.name, key=key)) from error


class _Sealing:
    """Accepts plain bytes; a separate thread seals them into the object."""

    def __init__(self, target: Writer, recipients: Sequence[Any], aside: Executor) -> None:
        self._sink = _SealedSink(target)
        self._pipe = pipe = Pipe(_BETWEEN)
        self._stored: StoredObject | None = None
        self._sealing = aside.submit(pyrage.encrypt_io, pipe, self._sink, recipients)
        self._sealing.add_done_callback(lambda _: pipe.abandon())

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """See `Writer`."""
        try:
            if piece:
                self._pipe.write(bytes(piece))
        except PipeAbandoned:
            self._raise()

    @property
    def stored(self) -> StoredObject:
        """See `Writer`."""
        if self._stored is None:
            raise RuntimeError("the object is not written yet")
        return self._stored

    @stored.setter
    def stored(self, stored: StoredObject) -> None:
        self._stored = stored

    def break_off(self, failure: BaseException) -> None:
        """Raise *failure* in the sealing thread: an end of file would turn a part into a complete object."""
        self._pipe.end(failure)
        self._sealing.exception()

    def finish(self) -> None:
        """Wait until everything is sealed and passed on."""
        self._pipe.end()
        self._raise()

    def _raise(self) -> None:
        failure = self._sealing.exception()
        if failure is not None:
            # The store's own exception, not pyrage's version of it.
            raise self._sink.failure or failure


class _SealedSink:
    """The store's side when writing, for pyrage, which keeps only the text of an exception."""

    def __init__(self, target: Writer) -> None:
        self._target = target
        self.failure: Exception | None = None

    def write(self, piece: bytes) -> int:
        try:
            self._target.write(piece)
        except Exception as error:
            self.failure = error
            raise
        return len(piece)

    def flush(self) -> None:
        """Do nothing: the store decides when it sends."""


class _SealedSource:
    """The store's side when reading, for pyrage."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.failure: Exception | None = None

    def read(self, most: int = -1) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except Exception as error:
            self.failure = error
            raise
        taken = self._rest if most < 0 else self._rest[:most]
        self._rest = self._rest[len(taken) :]
        return bytes(taken)
