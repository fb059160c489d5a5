"""PostgreSQL's backup manifest: which files a backup holds, with their sizes and checksums.

Format: https://www.postgresql.org/docs/current/backup-manifest-format.html
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import google_crc32c

from toban.message import Message

_LAST_LINE = b'"Manifest-Checksum"'


class BadManifest(Exception):
    """The manifest is damaged or of an unknown kind; the message says where."""


class Checksum(Protocol):
    """A checksum being computed."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return it as the manifest writes it."""


class _Crc32c:
    """CRC-32C as the manifest writes it: the bytes in the server's own, little-endian, order."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = google_crc32c.extend(self._value, data)

    def hexdigest(self) -> str:
        return self._value.to_bytes(4, "little").hex()


class _NoChecksum:
    """MANIFEST_CHECKSUMS NONE."""

    def update(self, _data: bytes, /) -> None:
        return

    def hexdigest(self) -> str:
        return ""


CHECKSUMS: Mapping[str, Callable[[], Checksum]] = MappingProxyType(
    {
        "": _NoChecksum,
        "NONE": _NoChecksum,
        "CRC32C": _Crc32c,
        "SHA224": hashlib.sha224,
        "SHA256": hashlib.sha256,
        "SHA384": hashlib.sha384,
        "SHA512": hashlib.sha512,
    }
)


@dataclass(frozen=True, slots=True)
class File:
    """A file of the backup."""

    size: int
    algorithm: str
    checksum: str


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """A complete manifest, with its own checksum verified."""

    files: Mapping[str, File]
    """Path below the data directory → the file; tablespaces below `pg_tblspc/OID`."""
    sha256: str
    """Of the whole text, in hex."""


def parse(text: bytes) -> BackupManifest:
    """Read a manifest, or raise `BadManifest`."""
    body, found, last = text.rpartition(_LAST_LINE)
    if not found:
        raise BadManifest(Message("backup-engines.manifest-cut-off"))
    # The checksum covers every line before its own, and that line starts with the key.
    wanted = last.strip().strip(b':"} \n').decode("ascii", "replace")
    if hashlib.sha256(body).hexdigest() != wanted:
        raise BadManifest(Message("backup-engines.manifest-checksum-differs"))
    try:
        content = json.loads(text)
        files = dict(_file(entry) for entry in content["Files"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadManifest(Message("backup-engines.manifest-malformed", error=repr(error))) from error
    return BackupManifest(MappingProxyType(files), hashlib.sha256(text).hexdigest())


def _file(entry: Mapping[str, Any]) -> tuple[str, File]:
    # A path that is not UTF-8 is written in hex.
    path = entry["Path"] if "Path" in entry else os.fsdecode(bytes.fromhex(entry["Encoded-Path"]))
    algorithm = str(entry.get("Checksum-Algorithm", ""))
    if algorithm not in CHECKSUMS:
        raise BadManifest(Message("backup-engines.checksum-unknown", file=path, algorithm=algorithm))
    return path, File(int(entry["Size"]), algorithm, str(entry.get("Checksum", "")))
