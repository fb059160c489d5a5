"""Shipping of evidence: segment after segment into a store that the people who run Toban can't rewrite.

The name of a segment contains its number, and is never written twice. If Toban is killed between storing a
segment and recording it, the next run finds the segment, verifies that it is the next one, and continues
after it. Anything else under that name is no accident: shipping stops, and people are notified.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from toban.engine.evidence import ledger, segments
from toban.engine.evidence.models import LedgerEntry, Shipment
from toban.engine.evidence.segments import BrokenChain, EvidenceSegment, Line, Tip
from toban.engine.stores.store import AlreadyThere, Store, StoreTrouble
from toban.message import Message, message_of


class NotShipped(Exception):
    """A segment could not be shipped; the message says why."""


class ShippedSegments:
    """What a chain already has in a store, as Toban recorded it."""

    def __init__(self, chain: "EvidenceChain", store: Store) -> None:
        self._chain = chain
        self._store = store

    @property
    def place(self) -> str:
        """The store's name."""
        return self._store.name

    def counts(self) -> Mapping[str, int]:
        """Return the number of lines there per part of the source; raises `StoreTrouble`."""
        found: Counter[str] = Counter()
        for shipment in self._shipments():
            found.update(self._parts(shipment))
        return found

    def segments(self, part: str) -> Sequence[Shipment]:
        """Return the segments with lines of *part*, in order; raises `StoreTrouble`."""
        return [each for each in self._shipments() if part in self._parts(each)]

    def lines(self, shipment: Shipment) -> Iterator[Line]:
        """Yield the lines of a segment: none if it is gone after its retention.

        Raises `StoreTrouble`, or `NotShipped` if the segment differs from what was sent.
        """
        if not _is_there(self._store, shipment.key):
            return
        content = self._store.read(shipment.key)
        if hashlib.sha256(content).hexdigest() != shipment.digest:
            raise NotShipped(
                Message("evidence.shipped-segment-was-changed", place=self.place, key=shipment.key)
            )
        yield from segments.lines_of(content)

    def _shipments(self) -> Iterator[Shipment]:
        there = Shipment.objects.filter(place=self.place, chain=self._chain.name)
        return there.order_by("number").iterator()

    def _parts(self, shipment: Shipment) -> Mapping[str, int]:
        if shipment.parts is None:
            shipment.parts = _parts(self._chain, self.lines(shipment))
            shipment.save(update_fields=["parts"])
        parts: Mapping[str, int] = shipment.parts
        return parts


class EvidenceChain(Protocol):
    """The source of a chain's lines."""

    @property
    def name(self) -> str:
        """The chain's name in segments."""

    def batch(self, tip: Tip, sent: ShippedSegments) -> tuple[Sequence[Line], str]:
        """Return the next lines after *tip*, linked, and the time in the source up to which none is missing.

        Returns as many lines as a segment holds; none if everything is outside.
        """

    def part_of(self, line: Line) -> str:
        """Return the part of the source that *line* is from; empty if parts are not counted."""


@dataclass(frozen=True, slots=True)
class ShippingTerms:
    """How segments are kept."""

    kept: timedelta
    """The minimum retention."""
    mode: str
    """`GOVERNANCE` or `COMPLIANCE`."""


class LedgerChain:
    """Toban's own evidence."""

    name = segments.LEDGER

    def batch(self, tip: Tip, sent: ShippedSegments) -> tuple[Sequence[Line], str]:  # noqa: ARG002 - the protocol's
        """See `EvidenceChain`; sequences show how far the chain has come."""
        entries = LedgerEntry.objects.filter(sequence__gt=tip.last).order_by("sequence")
        return [ledger.line_of(each) for each in entries[: segments.MOST_LINES]], ""

    def part_of(self, line: Line) -> str:  # noqa: ARG002 - the protocol's
        """See `EvidenceChain`."""
        return ""


def tip_of(chain: str, place: str) -> Tip:
    """Return a chain's end in the store *place*, as far as Toban knows; each store has the whole chain."""
    found = Shipment.objects.filter(chain=chain, place=place).order_by("-number").first()
    if found is None:
        return Tip()
    return Tip(found.number, found.digest, found.last, found.line, found.until, found.kept_until)


def ship(chain: EvidenceChain, store: Store, terms: ShippingTerms, now: datetime) -> int:
    """Ship what *chain* has after its tip, and return the number of segments; raises `NotShipped`."""
    count = 0
    try:
        while (segment := _next(chain, store, terms, now)) is not None:
            lock = store.lock(segment.key, _locked_until(segment.header.kept_until, now), terms.mode)
            _note(chain, segment, store, lock, now)
            count += 1
    except StoreTrouble as trouble:
        raise NotShipped(message_of(trouble)) from trouble
    except BrokenChain as error:
        reason = Message("evidence.store-does-not-continue", place=store.name, reason=error.broken.said)
        raise NotShipped(reason) from error
    return count


def _next(chain: EvidenceChain, store: Store, terms: ShippingTerms, now: datetime) -> EvidenceSegment | None:
    """Store the next segment, or find it already stored."""
    tip = tip_of(chain.name, store.name)
    key = segments.key_of(chain.name, tip.number + 1)
    if _is_there(store, key):
        return _found(chain, store, tip, key)
    lines, until = chain.batch(tip, ShippedSegments(chain, store))
    if not lines:
        return None
    kept_until = (now + terms.kept).date() + timedelta(days=1)
    packed = segments.pack(
        chain.name, tip, lines, made_at=now.isoformat(), kept_until=kept_until, until=until
    )
    try:
        store.add(key, packed.content)
    except AlreadyThere:
        # Ours, if the answer to the first attempt was lost.
        return _found(chain, store, tip, key)
    if store.read(key) != packed.content:
        raise NotShipped(Message("evidence.segment-is-read-back-changed", place=store.name, key=key))
    return packed


def _found(chain: EvidenceChain, store: Store, tip: Tip, key: str) -> EvidenceSegment:
    segment = segments.follow(tip, key, store.read(key))
    if chain.name == segments.LEDGER:
        last = LedgerEntry.objects.filter(sequence=segment.header.last, digest=segment.tip.line)
        if not last.exists():
            raise NotShipped(Message("evidence.store-differs-from-ledger", place=store.name, key=key))
    return segment


def _note(chain: EvidenceChain, segment: EvidenceSegment, store: Store, lock: str, now: datetime) -> None:
    header = segment.header
    noted = {
        "key": segment.key,
        "digest": segment.tip.digest,
        "first": header.first,
        "last": header.last,
        "line": segment.tip.line,
        "until": header.until,
        "shipped_at": now,
        "kept_until": header.kept_until,
        "lock": lock,
        "parts": _parts(chain, segments.lines_of(segment.content)),
    }
    # Another process may have found the same segment there, and already recorded it.
    Shipment.objects.get_or_create(place=store.name, chain=header.chain, number=header.number, defaults=noted)


def _locked_until(day: date, now: datetime) -> datetime:
    """Return midnight at the start of *day*: nothing may be deleted before."""
    return datetime.combine(day, now.timetz().replace(hour=0, minute=0, second=0, microsecond=0))


def _parts(chain: EvidenceChain, lines: Iterator[Line]) -> dict[str, int]:
    return dict(Counter(part for part in map(chain.part_of, lines) if part))


def _is_there(store: Store, key: str) -> bool:
    return any(each.key == key for each in store.listing(key))
