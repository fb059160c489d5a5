"""Bringing a mirror of advisories up to date from an address."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote
from zipfile import is_zipfile

import httpx

from toban.chapters.vulnerabilities.advisories.mirror import ARCHIVE, archives_of
from toban.chapters.vulnerabilities.bindings import MirrorAddress
from toban.engine.network.http import Unanswered, download, new_client
from toban.message import NOTHING, Message, message_of

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


def _any_of(files: Sequence[Path], at: MirrorAddress, client: httpx.Client, seen: set[Path]) -> Message:
    """Refresh the first of *files* that the address has; of a distribution it may have only all releases."""
    why: Message = NOTHING
    for file in files:
        if file in seen:
            return NOTHING
        # Joined as texts: `Debian:12` would be taken for a scheme.
        url = httpx.URL(f"{at.url.rstrip('/')}/{quote(file.parent.name, safe=':')}/{ARCHIVE}")
        try:
            status = _one(file, url, at, client)
        except Unanswered as error:
            return message_of(error)
        except OSError as error:
            return Message("vulnerabilities.not-kept", file=file, why=error.strerror or str(error))
        if status in (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
            seen.add(file)
            return NOTHING
        why = Message("vulnerabilities.archive-status", place=at.place, status=status)
    return why


def _one(file: Path, url: httpx.URL, at: MirrorAddress, client: httpx.Client) -> int:
    """Refresh *file*, and return the status."""
    folder = file.parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    newer_than = formatdate(file.stat().st_mtime, usegmt=True) if file.is_file() else ""
    with NamedTemporaryFile(dir=folder, prefix=f".{ARCHIVE}", delete=False) as unfinished:
        path = Path(unfinished.name)
        try:
            answer = download(client, at, url, unfinished, newer_than=newer_than, most=_LARGEST)
            unfinished.flush()
            if answer.status == httpx.codes.OK:
                if not is_zipfile(path):
                    raise Unanswered(Message("vulnerabilities.not-an-archive", place=at.place))
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
