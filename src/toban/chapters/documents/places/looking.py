"""Looks at the places where documents are kept, and notes what came there."""

import socket
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db import transaction

from toban.chapters.documents.models import DocumentCopy
from toban.chapters.documents.places.place import DocumentMissing, DocumentPlace, FoundDocument, PlaceUnknown
from toban.chapters.documents.places.text import MOST_TEXT, digest_of, hosts_of, works_of
from toban.chapters.documents.plan import BoundPlace, DocumentsPlan, KeptDocument
from toban.design.steady import steady
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.message import NOTHING, Message, message_of, plain
from toban.text import storable_text

_AT_ONCE = 4
_AGAIN = timedelta(minutes=5)
"""After so long a place that could not be read, or held no such document, is looked at again."""
_MOST_CHECKED = 100
"""Links, hosts and works of a document that are looked at."""
_CHECKED_WITHIN = 60.0
"""Seconds for all of them: a slow wiki must not keep the other documents waiting."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PlaceLook:
    """What a look at a place has found."""

    found: FoundDocument | None
    trouble: Message = NOTHING
    is_missing: bool = False
    vanished: Sequence[Message] = ()
    unchecked: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    """What Toban itself has just written there: the digests of the files by their names."""


def look(
    plan: DocumentsPlan, works: Collection[str], home: Path, document_digest: str, now: datetime
) -> None:
    """Look at every place that was not looked at for a while. *works* are what `toban run` can run."""
    looked = {each.place: each for each in DocumentCopy.objects.defer("text", "vanished")}
    due = [
        (each, place)
        for each in plan.documents
        for place in each.places
        if not place.is_written
        and (place.key not in looked or is_due(looked[place.key], plan.keeping.every, now))
    ]
    if not due:
        return
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="document") as pool:
        looks = pool.map(lambda each: _look(each[1], works, home), due)
        for (document, place), found in zip(due, looks, strict=True):
            keep(document, place, found, document_digest, now)


def is_due(copy: DocumentCopy, every: timedelta, now: datetime) -> bool:
    """Return whether it is time for another look; one that failed is repeated sooner."""
    return now - copy.looked_at >= (min(every, _AGAIN) if copy.trouble else every)


def read(place: DocumentPlace) -> FoundDocument:
    """Return the document of *place*, or raise `PlaceUnknown`, also if nobody could read a word of it."""
    found = place.read()
    if not (found.file_digest or found.text.strip()):
        raise PlaceUnknown(Message("documents.no-words"))
    return found


def _look(place: BoundPlace, works: Collection[str], home: Path) -> PlaceLook:
    try:
        opened, checked = place.opened(home), dict[str, bool]()
        found = read(opened)
        vanished = tuple(_vanished(found, works, opened, checked))
        return PlaceLook(found, vanished=vanished, unchecked=len(found.links) - len(checked))
    except PlaceUnknown as unknown:
        return PlaceLook(None, message_of(unknown), isinstance(unknown, DocumentMissing))
    except Exception as error:
        # Another's kind may fail in any way; the other places are looked at all the same.
        log.exception("document_failed", place=place.name)
        return PlaceLook(None, message_of(error))


def _vanished(
    found: FoundDocument, works: Collection[str], place: DocumentPlace, checked: dict[str, bool]
) -> Iterator[Message]:
    """Yield what the document refers to and is not there; *checked* are the links that were looked at."""
    deadline = time.monotonic() + _CHECKED_WITHIN
    for link in found.links[:_MOST_CHECKED]:
        if time.monotonic() > deadline:
            return
        is_there = place.is_there(link)
        if is_there is not None:
            checked[link] = is_there
        if is_there is False:
            yield Message("documents.dead-link", link=plain(link[:200]))
    for host in hosts_of(found.text)[:_MOST_CHECKED]:
        if time.monotonic() > deadline:
            return
        if not _is_known(host):
            yield Message("documents.vanished-host", host=host)
    for work in works_of(found.text)[:_MOST_CHECKED]:
        if work not in works:
            yield Message("documents.vanished-work", work=plain(work))


def _is_known(host: str) -> bool:
    """Return False only for a host whose name the network says does not exist."""
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno not in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
    except (OSError, UnicodeError):
        return True
    return True


def keep(
    document: KeptDocument, place: BoundPlace, found: PlaceLook, document_digest: str, now: datetime
) -> None:
    """Note what a look has found; other words than before are an update, and evidence."""
    with transaction.atomic():
        ledger.hold()
        copy = DocumentCopy.objects.filter(place=place.key).first()
        copy = copy or DocumentCopy(place=place.key, first_at=now)
        copy.looked_at = now
        copy.trouble, copy.is_missing = found.trouble, found.is_missing
        if found.found is not None:
            is_update = _take(copy, found.found, place.spot, now)
            if found.files or (is_update and not place.is_written):
                _record(copy, document, document_digest, found.files, now)
            copy.vanished = [each.as_json() for each in found.vanished]
            copy.unchecked = max(found.unchecked, 0)
        copy.save()


def _take(copy: DocumentCopy, found: FoundDocument, spot: str, now: datetime) -> bool:
    """Note the words that were *found* at *spot*; return whether they are an update."""
    text = storable_text(found.text)[:MOST_TEXT]
    digest = found.file_digest or digest_of(text)
    # A date or a counter that a page shows is no change of it, unless its place says when somebody wrote it.
    if copy.text and found.changed_at is None and copy.spot == spot and steady(text) == steady(copy.text):
        digest = copy.digest
    # An entry that was made to point to another file has updated nothing, nor has Toban that reads the same
    # version in another way than before.
    is_other = not found.version or found.version[:300] != copy.version
    is_update = copy.digest not in ("", digest) and copy.spot in ("", spot) and is_other
    if copy.digest != digest:
        said = min(found.changed_at, now) if found.changed_at is not None else now
        # What was written before the last look and was not there then came there since. A look that failed
        # has not seen what was there.
        arrived = said if copy.found_at is None or said > copy.found_at else now
        copy.changed_at, copy.changed_by = said, found.changed_by[:300]
        copy.updated_at = arrived if is_update else copy.updated_at
    copy.spot = spot
    copy.found_at, copy.digest, copy.text, copy.version = now, digest, text, found.version[:300]
    return is_update


def _record(
    copy: DocumentCopy, document: KeptDocument, document_digest: str, files: Mapping[str, str], now: datetime
) -> None:
    content: dict[str, object] = {
        "event": "document-updated",
        "document": document.row.name,
        "place": copy.place,
        "version": copy.version,
        "digest": copy.digest,
        "changed_at": copy.changed_at.isoformat() if copy.changed_at else "",
        "changed_by": copy.changed_by,
    }
    if files:
        content |= {"event": "document-written", "files": dict(files)}
    record = ledger.Record(
        LedgerEntry.Kind.AUDIT, content, clause_id=document.row.id, document_digest=document_digest
    )
    ledger.append(record, now=now)
