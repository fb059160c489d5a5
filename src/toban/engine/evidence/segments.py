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
    reason: str

    def __str__(self) -> str:
        at = f":{self.line}" if self.line is not None else ""
        return f"{self.segment}{at}: {self.reason}"


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
        super().__init__(str(broken))
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
        raise _broken(key, 1, f"名前と中身が違います: 中身は {header.chain} の {header.number} 番です")
    if header.number != tip.number + 1:
        raise _broken(key, 1, f"{tip.number} 番の次ではありません")
    if header.previous != tip.digest:
        raise _broken(
            key, 1, f"{tip.number} 番の要約値が、この区間の控えと違います: どちらかが書き換えられています"
        )
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
                raise _broken(key, None, "控えておいた要約値と一致しません")
        except BrokenChain as error:
            return ChainWalk(chain, count, lines, tip or Tip(), began_at, error.broken)
        count += 1
        lines += segment.header.last - segment.header.first + 1
        tip = segment.tip
    tip = tip or Tip()
    missing = None
    if max(known, default=0) > tip.number:
        reason = f"控えでは {max(known)} 番までありました。末尾が失われています"
        missing = ChainBreak(key_of(chain, tip.number + 1), None, reason)
    return ChainWalk(chain, count, lines, tip, began_at, missing)


def _next(chain: str, tip: Tip, key: str, content: bytes) -> EvidenceSegment:
    place = place_of(key)
    if place is not None and place[1] > tip.number + 1:
        raise _broken(key_of(chain, tip.number + 1), None, f"{tip.number + 1} 番の区間がありません")
    return follow(tip, key, content)


def _beginning(key: str, content: bytes, today: date | None) -> Tip:
    """Return the tip that must have preceded the first segment that is there."""
    header, lines = _header(key, content)
    if header.number == 1:
        return Tip()
    kept_until = header.previous_kept_until
    if today is not None and (kept_until is None or kept_until > today):
        missing = key_of(header.chain, header.number - 1)
        raise _broken(missing, None, f"{header.number - 1} 番までの区間がありません")
    first = _line(key, 2, lines[0] if lines else b"")
    return Tip(header.number - 1, header.previous, header.first - 1, str(first.get("previous", "")))


def _header(key: str, content: bytes) -> tuple[Header, list[bytes]]:
    first, *lines = content.split(b"\n")
    if not lines or lines.pop():
        raise _broken(key, None, "途中で切れています")
    try:
        return Header.model_validate_json(first), lines
    except ValidationError as error:
        raise _broken(key, 1, "証跡の区間の見出しとして読めません") from error


def _walk(tip: Tip, key: str, header: Header, content: bytes, lines: Sequence[bytes]) -> Tip:
    sequence, previous = tip.last, tip.line
    if header.first != sequence + 1:
        raise _broken(key, 1, f"{sequence + 1} 番の行から始まっていません")
    for number, text in enumerate(lines, 2):
        line = _line(key, number, text)
        if reason := _why_broken(line, sequence, previous, text):
            raise _broken(key, number, reason)
        sequence, previous = sequence + 1, line["digest"]
    if sequence != header.last:
        raise _broken(
            key, len(lines) + 2, f"{sequence + 1} 番の行がありません。{header.last} 番まであるはずです"
        )
    digest = hashlib.sha256(content).hexdigest()
    return Tip(header.number, digest, sequence, previous, header.until, header.kept_until)


def _line(key: str, number: int, text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise _broken(key, number, "行を JSON として読めません") from error
    if not isinstance(line, dict):
        raise _broken(key, number, "行が記録の形ではありません")
    return line


def _why_broken(line: Line, sequence: int, previous: str, text: bytes) -> str:
    if line.get("sequence") != sequence + 1:
        return f"{sequence + 1} 番の行がありません"
    if line.get("previous") != previous:
        return "直前の行の要約値とつながりません"
    # If a key occurs twice, JSON takes the last one: only the canonical form is accepted.
    if line.get("digest") != digest_of(line) or _canonical(line) != text:
        return "行の内容が要約値と一致しません"
    return ""


def _canonical(line: Line) -> bytes:
    return json.dumps(line, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _broken(segment: str, line: int | None, reason: str) -> BrokenChain:
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
