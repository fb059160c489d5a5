"""Bringing a mirror of advisories up to date from an address."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote
from zipfile import is_zipfile

import httpx
import orjson

from toban.chapters.vulnerabilities.advisories.exploited import CATALOG, LARGEST_CATALOG
from toban.chapters.vulnerabilities.advisories.likelihoods import SCORES
from toban.chapters.vulnerabilities.advisories.mirror import ARCHIVE, archives_of
from toban.chapters.vulnerabilities.bindings import AdvisoriesBinding, MirrorAddress
from toban.engine.network.http import Unanswered, download, new_client
from toban.message import NOTHING, Message, message_of

_HAD = frozenset((httpx.codes.OK, httpx.codes.NOT_MODIFIED))
_GZIP = b"\x1f\x8b"
_LARGEST = 4 * 1024 * 1024 * 1024
"""Bytes of an archive; the largest that OSV publishes has some hundred megabytes."""


def refresh(folder: Path, at: MirrorAddress, ecosystems: Collection[str]) -> Iterator[Message]:
    """Bring what *folder* holds of *ecosystems* up to date from *at*; yield what could not be had, and why.

    An archive is replaced only by a whole one: whatever goes wrong, the former one stays.
    """
    client = new_client(at.ca_file)
    seen: set[Path] = set()
    for ecosystem in sorted(ecosystems):
        why = _any_of(archives_of(folder, ecosystem), at, client, seen)
        if why:
            yield Message("vulnerabilities.not-refreshed", ecosystem=ecosystem, why=why)


@dataclass(frozen=True, slots=True)
class _WantedFile:
    """A file of the mirror, and where it is had."""

    file: Path
    folder: Path
    """The mirror's."""
    url: httpx.URL
    at: MirrorAddress
    is_sound: Callable[[Path], bool]
    unsound: str
    """The code of what is said of one that is not."""
    most: int
    """Bytes; of a larger one nothing is kept."""


def refresh_catalogs(bound: AdvisoriesBinding) -> Iterator[Message]:
    """Bring CISA's catalog and EPSS up to date; yield what could not be had, and why.

    Each from its own address, without the credentials of the mirror, or from the mirror if that has it.
    """
    for name, own, is_sound in ((CATALOG, bound.kev, _is_json), (SCORES, bound.epss, _is_packed)):
        at = own or bound.at
        if at is None:
            continue
        url = httpx.URL(own.url if own is not None else f"{at.url.rstrip('/')}/{name}")
        file = bound.folder / name
        # Not more than is ever read of it: whether it is sound is known by reading it whole.
        most, unsound = LARGEST_CATALOG, "vulnerabilities.not-a-catalog"
        wanted = _WantedFile(file, bound.folder, url, at, is_sound, unsound, most)
        why = _why_not(wanted, new_client(at.ca_file), may_lack=own is None)
        if why:
            yield Message("vulnerabilities.catalog-not-refreshed", catalog=name, why=why)


def _why_not(wanted: _WantedFile, client: httpx.Client, *, may_lack: bool) -> Message:
    try:
        status = _one(wanted, client)
    except Unanswered as error:
        return message_of(error)
    except OSError as error:
        return Message("vulnerabilities.not-kept", file=wanted.file, why=error.strerror or str(error))
    if status in _HAD or may_lack:
        return NOTHING
    return Message("vulnerabilities.archive-status", place=wanted.at.place, status=status)


def _is_json(file: Path) -> bool:
    try:
        return isinstance(orjson.loads(file.read_bytes()), dict)
    except ValueError:
        return False


def _is_packed(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_GZIP)) == _GZIP


def _any_of(files: Sequence[Path], at: MirrorAddress, client: httpx.Client, seen: set[Path]) -> Message:
    """Refresh the first of *files* that the address has; of a distribution it may have only all releases."""
    why: Message = NOTHING
    for file in files:
        if file in seen:
            return NOTHING
        # Joined as texts: `Debian:12` would be taken for a scheme.
        url = httpx.URL(f"{at.url.rstrip('/')}/{quote(file.parent.name, safe=':')}/{ARCHIVE}")
        unsound = "vulnerabilities.not-an-archive"
        wanted = _WantedFile(file, file.parent.parent, url, at, is_zipfile, unsound, _LARGEST)
        try:
            status = _one(wanted, client)
        except Unanswered as error:
            return message_of(error)
        except OSError as error:
            return Message("vulnerabilities.not-kept", file=file, why=error.strerror or str(error))
        if status in _HAD:
            seen.add(file)
            return NOTHING
        why = Message("vulnerabilities.archive-status", place=at.place, status=status)
    return why


def _one(wanted: _WantedFile, client: httpx.Client) -> int:
    """Refresh a file, and return the status; what is not sound does not replace it."""
    file, folder, at = wanted.file, wanted.folder, wanted.at
    folder.mkdir(parents=True, exist_ok=True)
    newer_than = formatdate(file.stat().st_mtime, usegmt=True) if file.is_file() else ""
    with NamedTemporaryFile(dir=folder, prefix=f".{file.name}", delete=False) as unfinished:
        path = Path(unfinished.name)
        try:
            answer = download(client, at, wanted.url, unfinished, newer_than=newer_than, most=wanted.most)
            unfinished.flush()
            if answer.status == httpx.codes.OK:
                if not wanted.is_sound(path):
                    raise Unanswered(Message(wanted.unsound, place=at.place))
                os.fsync(unfinished.fileno())
                path.chmod(0o644)
                _dated(path, answer.headers.get("last-modified", ""))
                file.parent.mkdir(exist_ok=True)
                path.replace(file)
        finally:
            path.unlink(missing_ok=True)
    return answer.status


def _dated(path: Path, modified: str) -> None:
    """Give *path* the time that the server names: by it, it is asked the next time."""
    with suppress(ValueError):
        at = parsedate_to_datetime(modified).timestamp()
        os.utime(path, (at, at))
