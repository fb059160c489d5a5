"""Heads of the ledger, noted outside of Toban: only they show that the whole ledger was written anew.

An anchor is a small object, whose name alone says everything: `evidence/heads/TIME-NUMBER-DIGEST`. So all of
them are found by a listing, and a head that was noted once stays there beside every later one: whoever writes
the ledger anew would have to remove those from each place.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from toban.engine.evidence.ledger import LedgerHead, head
from toban.engine.evidence.models import LedgerEntry
from toban.engine.stores.store import AlreadyThere, Store
from toban.message import Message

_FOLDER = "evidence/heads/"
_TIME = "%Y%m%dT%H%M%SZ"
_KEY = re.compile(r"(?:.*/)?(?P<at>\d{8}T\d{6}Z)-(?P<number>\d{1,18})-(?P<digest>[0-9a-f]{64})")


class NotAnchored(Exception):
    """A head could not be noted outside; the message says why."""


class ForeignHead(NotAnchored):
    """The ledger is not the one whose head was noted last: it was written anew, or the place is shared."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head that was noted outside."""

    head: LedgerHead
    place: str
    """The store's name."""
    at: datetime


def key_of(noted: LedgerHead, at: datetime) -> str:
    """Return the name of the anchor of *noted*."""
    return f"{_FOLDER}{at.astimezone(UTC).strftime(_TIME)}-{noted.sequence}-{noted.digest}"


def anchor_of(key: str, place: str) -> Anchor | None:
    """Return the anchor that an object's name gives; None for any other name."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    try:
        at = datetime.strptime(match["at"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Anchor(LedgerHead(int(match["number"]), match["digest"]), place, at)


def anchors_in(store: Store) -> Iterator[Anchor]:
    """Yield the anchors in *store*; raises `StoreTrouble`."""
    found = (anchor_of(each.key, store.name) for each in store.listing(_FOLDER))
    yield from (each for each in found if each is not None)


def anchor(store: Store, now: datetime) -> bool:
    """Note the ledger's head in *store*, unless that was done today (UTC); False if there is no entry yet.

    Raises `StoreTrouble`, or `ForeignHead` if the last head there is not this ledger's.
    """
    there = list(anchors_in(store))
    if any(each.at.date() == now.astimezone(UTC).date() for each in there):
        return True
    newest = max(there, key=lambda each: each.at, default=None)
    if newest is not None and not _is_in_ledger(newest.head):
        raise ForeignHead(
            Message("evidence.head-of-another-ledger", place=store.name, number=newest.head.sequence)
        )
    last = head()
    if last is None:
        return False
    with suppress(AlreadyThere):
        store.add(key_of(last, now), f"{last}\n".encode())
    return True


def _is_in_ledger(noted: LedgerHead) -> bool:
    return LedgerEntry.objects.filter(sequence=noted.sequence, digest=noted.digest).exists()
