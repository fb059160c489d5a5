"""A folder on a disk or a mounted share as a store: `kind = "directory"`."""

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ValidationInfo

from toban.engine.stores.sealed import SealedConfig, SealedStore
from toban.engine.stores.store import AlreadyThere, ListedObject, Store, StoredObject, StoreKind, StoreTrouble
from toban.message import NOTHING, Message

_PIECE = 1 << 20
_PARTIAL = ".partial"
"""Suffix of a file that is still being written."""


def _beside_the_bindings(path: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path())
    # It appears in commands that people run from any folder.
    return (base / path).absolute()


class DirectoryConfig(SealedConfig):
    """`kind = "directory"`."""

    example: ClassVar[Mapping[str, str]] = {"path": "/mnt/backups"}

    path: Annotated[Path, AfterValidator(_beside_the_bindings)]
    """The folder; it must exist. Relative to the folder of `toban.toml`."""


class DirectoryStore:
    """Objects as files. A file gets its name only after it is complete and synced to disk.

    The folder itself is never created: if a share is not mounted, backups must not fill the disk below it.
    """

    def __init__(self, config: DirectoryConfig) -> None:
        self._root = config.path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._root)

    @contextmanager
    def writer(self, key: str) -> Iterator["_ObjectFile"]:
        """See `Store`."""
        with self._asking(key):
            file = _ObjectFile(self._path(key), key, self._root)
        try:
            yield file
        except BaseException:
            file.discard()
            raise
        file.finish()

    def put(self, key: str, content: bytes) -> StoredObject:
        """See `Store`."""
        with self.writer(key) as file:
            file.write(content)
        return file.stored

    def add(self, key: str, content: bytes) -> StoredObject:
        """See `Store`."""
        with self._asking(key):
            file = _ObjectFile(self._path(key), key, self._root)
        file.write(content)
        file.finish(is_new=True)
        return file.stored

    def lock(self, key: str, until: datetime, mode: str) -> str:  # noqa: ARG002 - the protocol's
        """See `Store`; a folder has no locks: anyone who may write into it may also delete."""
        return ""

    def read(self, key: str) -> bytes:
        """See `Store`."""
        with self._asking(key):
            return self._path(key).read_bytes()

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        """See `Store`."""
        digest = hashlib.sha256()
        with self._asking(key), self._path(key).open("rb") as file:
            while piece := file.read(_PIECE):
                if sha256:
                    digest.update(piece)
                yield piece
        if sha256 and digest.hexdigest() != sha256:
            raise StoreTrouble(Message("stores.wrong-digest", place=self.name, key=key))

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """See `Store`."""
        with self._asking(prefix):
            for path in self._files(prefix):
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix) and not path.name.endswith(_PARTIAL):
                    with suppress(FileNotFoundError):
                        status = path.stat()
                        yield ListedObject(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def delete(self, keys: Sequence[str]) -> None:
        """See `Store`."""
        for key in keys:
            with self._asking(key):
                path = self._path(key)
                path.unlink(missing_ok=True)
                self._remove_empty(path.parent)

    def sweep(self, prefix: str, before: datetime) -> int:
        """See `Store`."""
        found = 0
        with self._asking(prefix):
            for path in self._files(prefix):
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix) and path.name.endswith(_PARTIAL) and _is_older(path, before):
                    path.unlink(missing_ok=True)
                    self._remove_empty(path.parent)
                    found += 1
        return found

    def guard(self) -> Message:
        """See `Store`; nothing protects deleted files."""
        return NOTHING

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not key or any(part in {"", ".", ".."} for part in parts) or "\0" in key:
            raise StoreTrouble(Message("stores.unusable-key", place=self.name, key=repr(key)))
        return self._root.joinpath(*parts)

    def _files(self, prefix: str) -> Iterator[Path]:
        """Yield every file in the folder that *prefix* ends in; in the order of names."""
        folder = self._root / prefix.rpartition("/")[0]
        if not self._root.is_dir():
            raise FileNotFoundError(self._root)
        for at, folders, files in os.walk(folder):
            folders.sort()
            yield from (Path(at, file) for file in sorted(files))

    def _remove_empty(self, folder: Path) -> None:
        """Remove *folder* and its parents, as far as they are empty."""
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _trouble(self._root, key, error) from error


class _ObjectFile:
    """An object that is being written, under a name that no listing shows."""

    def __init__(self, path: Path, key: str, root: Path) -> None:
        if not root.is_dir():
            raise FileNotFoundError(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._key, self._root = path, key, root
        self._partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PARTIAL}")
        self._file = self._partial.open("xb")
        self._digest = hashlib.sha256()
        self._size = 0
        self._stored: StoredObject | None = None

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """See `Writer`."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise _trouble(self._root, self._key, error) from error
        self._digest.update(piece)
        self._size += len(piece)

    @property
    def stored(self) -> StoredObject:
        """See `Writer`."""
        if self._stored is None:
            raise RuntimeError("the object is not written yet")
        return self._stored

    def finish(self, *, is_new: bool = False) -> None:
        """Give the file its name, durably; with *is_new*, it never replaces another file."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if is_new:
                # A link is refused if the name is taken: a check beforehand would be a race.
                os.link(self._partial, self._path)
                self._partial.unlink()
            else:
                self._partial.replace(self._path)
            _sync_names(self._path.parent, self._root)
        except FileExistsError as error:
            self.discard()
            raise AlreadyThere(Message("stores.already-there", place=self._root, key=self._key)) from error
        except OSError as error:
            self.discard()
            raise _trouble(self._root, self._key, error) from error
        self._stored = StoredObject(self._key, self._size, self._digest.hexdigest())

    def discard(self) -> None:
        """Remove the partial file, if the disk allows; otherwise it is swept later."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)


def _sync_names(folder: Path, root: Path) -> None:
    """Make the names in *folder* and its parents durable: a new file's name depends on all of them."""
    while True:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if folder == root:
            return
        folder = folder.parent


def _is_older(path: Path, before: datetime) -> bool:
    try:
        return path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


def _trouble(root: Path, key: str, error: OSError) -> StoreTrouble:
    if not root.is_dir():
        return StoreTrouble(Message("stores.no-folder", place=root), passing=True)
    if isinstance(error, FileNotFoundError):
        return StoreTrouble(Message("stores.no-object", place=root, key=key))
    said = Message("stores.object-failed", place=root, key=key, why=error.strerror)
    return StoreTrouble(said, passing=True)


def _build(config: DirectoryConfig) -> Store:
    return SealedStore(DirectoryStore(config), config)


KIND = StoreKind(DirectoryConfig, _build)
