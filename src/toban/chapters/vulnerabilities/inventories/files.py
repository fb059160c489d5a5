"""Lock files: what applications are built with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from toban.chapters.vulnerabilities.bindings import InventoryBinding
from toban.chapters.vulnerabilities.inventories.reading.locks import NotALock, Unpinned, read_lock
from toban.chapters.vulnerabilities.inventory import InventoryKind, InventoryUnknown
from toban.chapters.vulnerabilities.package import Inventory, Package
from toban.engine.bindings.section import beside_the_bindings
from toban.message import Message

_LARGEST = 64 * 1024 * 1024


def _several(written: object) -> object:
    return (written,) if isinstance(written, str) else written


class FilesInventory(InventoryBinding):
    """`kind = "files"`: lock files, known by their names."""

    example: ClassVar[Mapping[str, str]] = {"path": "/srv/shop/requirements.txt"}

    path: Annotated[
        tuple[Annotated[Path, AfterValidator(beside_the_bindings)], ...],
        BeforeValidator(_several),
        Field(min_length=1, max_length=64),
    ]
    """One file or several; see `reading.locks.READERS`."""


class FilesSource:
    """The lock files of one application."""

    def __init__(self, config: FilesInventory) -> None:
        self._config = config

    def read(self, now: datetime) -> Inventory:
        """See `InventorySource`."""
        found: dict[Package, None] = {}
        for path in self._config.path:
            found |= dict.fromkeys(_read(path))
        return Inventory(tuple(found), now)


def _read(path: Path) -> Sequence[Package]:
    return tuple(_packages(path, text_of(path)))


def _packages(path: Path, written: str) -> Sequence[Package]:
    try:
        found = tuple(read_lock(path.name, written))
    except Unpinned as error:
        said = Message("vulnerabilities.not-pinned", file=path, line=str(error))
        raise InventoryUnknown((said, Message("vulnerabilities.pin-it"))) from error
    except NotALock as error:
        said = Message("vulnerabilities.not-a-lock", file=path)
        raise InventoryUnknown((said, Message("vulnerabilities.known-locks"))) from error
    if not found:
        raise InventoryUnknown(Message("vulnerabilities.lock-empty", file=path))
    return found


def text_of(path: Path) -> str:
    """Return the text in *path*; raise `InventoryUnknown`."""
    return content_of(path).decode("utf-8", "replace")


def content_of(path: Path) -> bytes:
    """Return what is in *path*; raise `InventoryUnknown`."""
    try:
        with path.open("rb") as stream:
            written = stream.read(_LARGEST + 1)
    except OSError as error:
        raise InventoryUnknown(
            Message("vulnerabilities.file-unreadable", file=path, why=error.strerror or str(error))
        ) from error
    if len(written) > _LARGEST:
        raise InventoryUnknown(Message("vulnerabilities.file-too-large", file=path))
    return written


KIND = InventoryKind(FilesInventory, FilesSource)
