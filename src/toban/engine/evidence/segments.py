"""The chains of evidence outside of Toban: numbered segments, each of which refers to the one before. Pure.

A segment is text: a header and a line for each entry, all JSON, as described in docs/adr/0016. Lines are
chained by their own digests, through all segments of a chain. The header contains the digest of the whole
previous segment. So changed, removed or moved entries can be found without Toban.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from toban.message import NOTHING, Message

START = "0" * 64
"""The previous digest of the first segment and of the first line."""

LEDGER, AUDIT = "ledger", "audit"
"""Toban's own evidence, and the applications' audit log."""

_KEY = re.compile(r"(?:.*/)?(?P<chain>[a-z]+)/(?P<number>\d{8})\.ndjson")

MOST_LINES = 10_000
MOST_BYTES = 16 << 20
"""The approximate size limits of a segment: it is built, and read back, in memory."""

_NOTHING_KNOWN: Mapping[int, str] = MappingProxyType({})

type Line = Mapping[str, Any]


class Header(BaseModel):
    """The first line of a segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["toban-evidence/1"] = "toban-evidence/1"
    chain: str
    number: int
    """From 1, without gaps."""
    previous: str
    """SHA-256 of the previous segment, in hex."""
    first: int
    last: int
    """The sequences of the first and the last line."""
    made_at: str
    until: str = ""
    """The time in the source that this chain has reached, if sequences don't show it."""
    kept_until: date
    previous_kept_until: date | None = None
    """From that day on, the previous segment may be gone."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a chain ends."""

    number: int = 0
    digest: str = START
    """The digest of the last segment."""
    last: int = 0
    line: str = START
    """The digest of the last line."""
    until: str = ""
    kept_until: date | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSegment:
    """A segment that continues a chain."""

    header: Header
    content: bytes
    tip: Tip
    """Where the chain ends after it."""

    @property
    def key(self) -> str:
        """Its name in a store."""
        return key_of(self.header.chain, self.header.number)


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first place where a chain is broken."""

    segment: str
    """The segment's key."""
    line: int | None
    """The line in the segment, the header being 1; None for the segment as a whole."""
    reason: Message

    @property
    def said(self) -> Message:
        """The place and the reason."""
        at = f":{self.line}" if self.line is not None else ""
        return Message("evidence.chain-is-broken", place=f"{self.segment}{at}", reason=self.reason)


@dataclass(frozen=True, slots=True)
class ChainWalk:
    """The result of walking one chain."""

    chain: str
    segments: int
    lines: int
    tip: Tip
    """The end of the intact part."""
    began_at: int
    """The number of the first segment; greater than 1 if older ones are gone after their retention."""
    broken: ChainBreak | None = None


class BrokenChain(Exception):
    """A segment does not continue its chain."""

    def __init__(self, broken: ChainBreak) -> None:
        super().__init__(broken.said)
        self.broken = broken


def key_of(chain: str, number: int) -> str:
    """Return the name of a segment."""
    return f"evidence/{chain}/{number:08}.ndjson"


def place_of(key: str) -> tuple[str, int] | None:
    """Return the chain and number in a segment's name; None for any other name."""
    match = _KEY.fullmatch(key)
    return (match["chain"], int(match["number"])) if match else None


def own_key(content: bytes) -> str:
    """Return the name that a segment's own header gives it; empty if *content* is not a segment."""
    try:
        header, _ = _header("", content)
    except BrokenChain:
        return ""
    return key_of(header.chain, header.number)


def link(sequence: int, previous: str, body: Line) -> dict[str, Any]:
    """Return *body* as the line after the one with the digest *previous*."""
    line = {"sequence": sequence, "previous": previous, **body}
    return {**line, "digest": digest_of(line)}


def digest_of(line: Line) -> str:
    """Return the digest that *line* must have."""
    return hashlib.sha256(_canonical({key: line[key] for key in line if key != "digest"})).hexdigest()


def pack(
    chain: str, tip: Tip, lines: Sequence[Line], *, made_at: str, kept_until: date, until: str = ""
) -> EvidenceSegment:
    """Return the segment of *lines* (at least one), linked to *tip*."""
    header = Header(
        chain=chain,
        number=tip.number + 1,
        previous=tip.digest,
        first=lines[0]["sequence"],
        last=lines[-1]["sequence"],
        made_at=made_at,
        until=until,
        kept_until=kept_until,
        previous_kept_until=tip.kept_until,
    )
    content = b"\n".join((_canonical(header.model_dump(mode="json")), *map(_canonical, lines), b""))
    return follow(tip, key_of(chain, tip.number + 1), content)


def follow(tip: Tip, key: str, content: bytes) -> EvidenceSegment:
    """Return *content* as the segment after *tip*, or raise `BrokenChain`; every line of it is checked."""
    header, lines = _header(key, content)
    place = place_of(key)
    if place != (header.chain, header.number):
        reason = Message("evidence.segment-is-another", chain=header.chain, number=header.number)
        raise _broken(key, 1, reason)
    if header.number != tip.number + 1:
        raise _broken(key, 1, Message("evidence.segment-is-not-next", number=tip.number))
    if header.previous != tip.digest:
        raise _broken(key, 1, Message("evidence.segment-is-not-linked", number=tip.number))
    return EvidenceSegment(header, content, _walk(tip, key, header, content, lines))


def lines_of(content: bytes) -> Iterator[Line]:
    """Yield the lines, without the header, of a segment that `follow` accepted or whose digest is known."""
    _, *lines, _ = content.split(b"\n")
    yield from map(json.loads, lines)


def walk(
    chain: str,
    segments: Iterable[tuple[str, bytes]],
    *,
    today: date,
    known: Mapping[int, str] = _NOTHING_KNOWN,
    is_excerpt: bool = False,
) -> ChainWalk:
    """Walk one chain, whose *segments* come in order of their numbers, and report the first broken place.

    The chain may begin after segments whose retention has ended by *today*; an excerpt may begin anywhere.
    *known* maps numbers to segment digests noted elsewhere: only they show that the end is missing or was
    rewritten.
    """
    tip: Tip | None = None
    began_at, count, lines = 1, 0, 0
    for key, content in segments:
        try:
            if tip is None:
                tip = _beginning(key, content, None if is_excerpt else today)
                began_at = tip.number + 1
            segment = _next(chain, tip, key, content)
            number = segment.header.number
            if known.get(number, segment.tip.digest) != segment.tip.digest:
                raise _broken(key, None, Message("evidence.differs-from-noted-head"))
        except BrokenChain as error:
            return ChainWalk(chain, count, lines, tip or Tip(), began_at, error.broken)
        count += 1
        lines += segment.header.last - segment.header.first + 1
        tip = segment.tip
    tip = tip or Tip()
    missing = None
    if max(known, default=0) > tip.number:
        reason = Message("evidence.end-is-missing", last=max(known))
        missing = ChainBreak(key_of(chain, tip.number + 1), None, reason)
    return ChainWalk(chain, count, lines, tip, began_at, missing)


def _next(chain: str, tip: Tip, key: str, content: bytes) -> EvidenceSegment:
    place = place_of(key)
    if place is not None and place[1] > tip.number + 1:
        reason = Message("evidence.segment-is-missing", number=tip.number + 1)
        raise _broken(key_of(chain, tip.number + 1), None, reason)
    return follow(tip, key, content)


def _beginning(key: str, content: bytes, today: date | None) -> Tip:
    """Return the tip that must have preceded the first segment that is there."""
    header, lines = _header(key, content)
    if header.number == 1:
        return Tip()
    kept_until = header.previous_kept_until
    if today is not None and (kept_until is None or kept_until > today):
        missing = key_of(header.chain, header.number - 1)
        raise _broken(missing, None, Message("evidence.segments-are-missing", last=header.number - 1))
    first = _line(key, 2, lines[0] if lines else b"")
    return Tip(header.number - 1, header.previous, header.first - 1, str(first.get("previous", "")))


def _header(key: str, content: bytes) -> tuple[Header, list[bytes]]:
    first, *lines = content.split(b"\n")
    if not lines or lines.pop():
        raise _broken(key, None, Message("evidence.segment-is-cut-off"))
    try:
        return Header.model_validate_json(first), lines
    except ValidationError as error:
        raise _broken(key, 1, Message("evidence.header-is-unreadable")) from error


def _walk(tip: Tip, key: str, header: Header, content: bytes, lines: Sequence[bytes]) -> Tip:
    sequence, previous = tip.last, tip.line
    if header.first != sequence + 1:
        raise _broken(key, 1, Message("evidence.begins-elsewhere", number=sequence + 1))
    for number, text in enumerate(lines, 2):
        line = _line(key, number, text)
        if reason := _why_broken(line, sequence, previous, text):
            raise _broken(key, number, reason)
        sequence, previous = sequence + 1, line["digest"]
    if sequence != header.last:
        reason = Message("evidence.last-lines-are-missing", number=sequence + 1, last=header.last)
        raise _broken(key, len(lines) + 2, reason)
    digest = hashlib.sha256(content).hexdigest()
    return Tip(header.number, digest, sequence, previous, header.until, header.kept_until)


def _line(key: str, number: int, text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise _broken(key, number, Message("evidence.line-is-no-json")) from error
    if not isinstance(line, dict):
        raise _broken(key, number, Message("evidence.line-is-no-entry"))
    return line


def _why_broken(line: Line, sequence: int, previous: str, text: bytes) -> Message:
    if line.get("sequence") != sequence + 1:
        return Message("evidence.line-is-missing", number=sequence + 1)
    if line.get("previous") != previous:
        return Message("evidence.line-is-not-linked")
    # If a key occurs twice, JSON takes the last one: only the canonical form is accepted.
    if line.get("digest") != digest_of(line) or _canonical(line) != text:
        return Message("evidence.line-was-changed")
    return NOTHING


def _canonical(line: Line) -> bytes:
    return json.dumps(line, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _broken(segment: str, line: int | None, reason: Message) -> BrokenChain:
    return BrokenChain(ChainBreak(segment, line, reason))


def in_order(keys: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each chain with its segments' keys in order of number; keys of other objects are left out."""
    found: dict[str, list[tuple[int, str]]] = {}
    for key in keys:
        place = place_of(key)
        if place is not None:
            found.setdefault(place[0], []).append((place[1], key))
    for chain in sorted(found):
        yield chain, [key for _, key in sorted(found[chain])]
