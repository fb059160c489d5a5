"""Evidence outside Toban, for the terminal: where it is read from, and what is known about it here."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError

from toban.engine.bindings.model import Bindings
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import system_clock
from toban.engine.evidence import segments
from toban.engine.evidence.anchors import Anchor, anchors_in
from toban.engine.evidence.ledger import LedgerHead
from toban.engine.evidence.models import Shipment
from toban.engine.evidence.port import SHIPPING
from toban.engine.evidence.segments import AUDIT, LEDGER, ChainWalk, own_key
from toban.engine.evidence.shipping import NotShipped, tip_of
from toban.engine.registry.parts import Parts
from toban.engine.stores.store import STORE_KINDS, Store, StoreTrouble, stores_of
from toban.faces.cli.kept import edition_of, kept_edition
from toban.message import Message, message_of

type Known = Mapping[str, Mapping[int, str]]
"""Chain → number → the digest that its segment must have."""


class Unfound(Exception):
    """There is nothing to read, or nowhere to send to; with a hint."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class SegmentPlace:
    """Where segments are."""

    name: str
    keys: Sequence[str]
    read: Callable[[str], bytes]
    is_excerpt: bool = False
    """Whether it is a part of a chain, which may begin anywhere."""


@dataclass(frozen=True, slots=True)
class Anchorage:
    """What is known of the ledger outside of Toban."""

    anchors: Sequence[Anchor] = ()
    unread: Sequence[Message] = ()
    """Places that can't be read, and why."""
    broken: Sequence[Message] = ()
    """What is wrong with the segments that were shipped."""
    noted: LedgerHead | None = None
    """The head of `--known`."""

    @property
    def heads(self) -> Iterator[LedgerHead]:
        """Every head that the ledger must hold against."""
        yield from (each.head for each in self.anchors)
        if self.noted is not None:
            yield self.noted

    def newest(self, head: LedgerHead) -> Anchor | None:
        """Return the last anchor up to *head*, the end of what holds."""
        reached = [each for each in self.anchors if each.head.sequence <= head.sequence]
        return max(reached, key=lambda each: (each.head.sequence, each.at), default=None)


@contextmanager
def opened(parts: Parts, source: str) -> Iterator[SegmentPlace]:
    """Open *source* for reading: a file, a folder, a store or its address; raises `Unfound`."""
    path = Path(source)
    try:
        if path.is_file():
            content = path.read_bytes()
            yield SegmentPlace(source, [own_key(content)], lambda _: content, is_excerpt=True)
        elif path.is_dir():
            keys = [each.relative_to(path).as_posix() for each in path.rglob("*.ndjson")]
            yield SegmentPlace(source, keys, lambda key: (path / key).read_bytes())
        else:
            store = _store(parts, source)
            keys = [each.key for each in store.listing("evidence/")]
            yield SegmentPlace(store.name, keys, store.read)
    except (StoreTrouble, OSError) as trouble:
        raise Unfound(
            Message("evidence.source-is-unreadable", source=source, reason=message_of(trouble)),
            Message("evidence.check-place"),
        ) from trouble


def walked(place: SegmentPlace, known: Known) -> list[ChainWalk]:
    """Walk every chain of *place*, and those that should be there; raises `Unfound` if there is none."""
    chains: dict[str, Sequence[str]] = dict.fromkeys(known, ())
    chains |= dict(segments.in_order(place.keys))
    if not chains:
        raise Unfound(
            Message("evidence.no-segments", place=place.name), Message("evidence.name-where-it-was-sent")
        )
    today = datetime.now(UTC).date()
    return [
        segments.walk(
            chain,
            ((key, place.read(key)) for key in keys),
            today=today,
            known=known.get(chain, {}),
            is_excerpt=place.is_excerpt,
        )
        for chain, keys in chains.items()
    ]


def known_here(place: str) -> dict[str, dict[int, str]]:
    """Return what this machine's Toban has sent to *place*; nothing if there is no Toban."""
    found: dict[str, dict[int, str]] = {}
    try:
        for sent in Shipment.objects.filter(place=place):
            found.setdefault(sent.chain, {})[sent.number] = sent.digest
    except DatabaseError:
        return {}
    return found


def anchorage(parts: Parts, noted: LedgerHead | None) -> Anchorage:
    """Return the heads in the bound stores, the end of what was shipped by `[evidence]`, and *noted*.

    A place that can't be read is named, and so is a shipped chain that is broken.
    """
    bindings = _bindings(parts)
    if bindings is None:
        return Anchorage(noted=noted)
    shipped = bindings.evidence.store if bindings.evidence is not None else ""
    found: list[Anchor] = []
    unread: list[Message] = []
    broken: list[Message] = []
    for name, build in stores_of(bindings, parts.kinds.of(STORE_KINDS)):
        try:
            store = build()
            found += anchors_in(store)
            if name == shipped:
                walk = _shipped_ledger(store)
                found += _head_of(walk, store)
                broken += [walk.broken.said] if walk.broken is not None else []
        except (StoreTrouble, SecretUnavailable) as trouble:
            unread.append(Message("evidence.source-is-unreadable", source=name, reason=message_of(trouble)))
    return Anchorage(found, unread, broken, noted)


def _shipped_ledger(store: Store) -> ChainWalk:
    keys = dict(segments.in_order(each.key for each in store.listing(f"evidence/{LEDGER}/"))).get(LEDGER, [])
    known = known_here(store.name).get(LEDGER, {})
    content = ((key, store.read(key)) for key in keys)
    return segments.walk(LEDGER, content, today=datetime.now(UTC).date(), known=known)


def _head_of(walk: ChainWalk, store: Store) -> Sequence[Anchor]:
    """Return the end of what was shipped: each line holds the digest of the one before it."""
    if not walk.tip.number:
        return ()
    at = max(each.modified_at for each in store.listing(segments.key_of(LEDGER, walk.tip.number)))
    return (Anchor(LedgerHead(walk.tip.last, walk.tip.line), store.name, at.astimezone(UTC)),)


def ship(parts: Parts) -> tuple[int, list[str]]:
    """Send out what is not outside yet; return how many segments that was, and the heads outside.

    Raises `NotShipped`, or `Unfound` if no store is configured.
    """
    edition = edition_of(parts)
    if not settings.TELEMETRY_URL:
        raise NotShipped(Message("evidence.log-store-unknown"))
    send = parts.ports.one(SHIPPING)
    stores = parts.kinds.of(STORE_KINDS)
    shipped = send(edition, stores, settings.TELEMETRY_URL, system_clock()) if send is not None else None
    if shipped is None:
        raise Unfound(
            Message("evidence.no-destination", file=edition.bindings.file),
            Message("evidence.bind-a-store", setting='store = "監査"'),
        )
    tips = {chain: tip_of(chain, shipped.place) for chain in (LEDGER, AUDIT)}
    return shipped.segments, [
        f"{chain}/{tip.number}:{tip.digest}" for chain, tip in tips.items() if tip.number
    ]


def _store(parts: Parts, source: str) -> Store:
    bindings = _bindings(parts)
    for name, bound in bindings.stores.items() if bindings is not None else ():
        store = parts.kinds.of(STORE_KINDS)[bound.kind].build(bound.config)
        if source in (name, store.name):
            return store
    address = urlsplit(source)
    if address.scheme != "s3" or not address.hostname:
        raise Unfound(
            Message("evidence.no-such-source", source=source), Message("evidence.write-address-or-store")
        )
    kind = parts.kinds.of(STORE_KINDS)["s3"]
    # An auditor outside has keys of their own, in the environment or AWS's files.
    return kind.build(kind.config.model_validate({"bucket": address.hostname, "prefix": address.path}))


def _bindings(parts: Parts) -> Bindings | None:
    """Return the bindings, if there are any; an auditor may have none."""
    try:
        edition = kept_edition(parts, settings.HOME)
    except DatabaseError:
        edition = None
    if edition is None and "TOBAN_DESIGN" in os.environ:
        named = parts.in_force()
        named.refresh()
        edition = named.edition
    return edition.bindings if edition is not None else None
