"""Envelopes of Sentry's SDKs: a header, then items, each with a header of its own. Pure.

The format is that of https://develop.sentry.dev/sdk/data-model/envelopes/: lines of JSON, and payloads of
the length that their header names, else up to the end of the line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

MOST_ITEMS = 1000
_LONGEST_HEADER = 64 * 1024
_BLANKS = re.compile(rb"\s{,%d}" % _LONGEST_HEADER)

KNOWN = frozenset(
    (
        *("event", "transaction", "session", "sessions", "client_report", "attachment", "user_report"),
        *("feedback", "check_in", "profile", "profile_chunk", "replay_event", "replay_recording"),
        *("replay_video", "statsd", "metric_buckets", "span", "log", "raw_security"),
    )
)
"""Types of items that SDKs send; all but `event` are accepted and not kept."""


class BadEnvelope(Exception):
    """The body is not an envelope; the message says why, without repeating it."""


@dataclass(frozen=True, slots=True)
class EnvelopeItem:
    """One item."""

    kind: str
    """Its type; `other` for one that is not known."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A whole envelope."""

    dsn: str
    """The DSN in its header; empty if there is none."""
    event_id: str
    items: tuple[EnvelopeItem, ...]


def read_envelope(body: bytes) -> Envelope:
    """Read *body*, or raise `BadEnvelope`."""
    line, end = _line(body, 0)
    header = _header(line, "the envelope's header")
    return Envelope(_text(header, "dsn"), _text(header, "event_id"), tuple(_items(body, end)))


def dsn_of(body: bytes) -> str:
    """Return the DSN in an envelope's header; empty if *body* is not an envelope."""
    try:
        return _text(_header(_line(body, 0)[0], ""), "dsn")
    except BadEnvelope:
        return ""


def _items(body: bytes, place: int) -> Iterator[EnvelopeItem]:
    count = 0
    while (place := _after_blanks(body, place)) < len(body):
        line, place = _line(body, place)
        count += 1
        if count > MOST_ITEMS:
            raise BadEnvelope(f"more than {MOST_ITEMS} items")
        header = _header(line, f"the header of item {count}")
        payload, place = _payload(body, place, header, count)
        kind = _text(header, "type")
        yield EnvelopeItem(kind if kind in KNOWN else "other", payload)


def _after_blanks(body: bytes, place: int) -> int:
    blanks = _BLANKS.match(body, place)
    end = blanks.end() if blanks is not None else place
    if end - place >= _LONGEST_HEADER:
        raise BadEnvelope("too many blank lines")
    return end


def _payload(body: bytes, place: int, header: Mapping[str, object], count: int) -> tuple[bytes, int]:
    length = header.get("length")
    if length is None:
        end = body.find(b"\n", place)
        end = len(body) if end < 0 else end
        return body[place:end], end + 1
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise BadEnvelope(f"the length of item {count} is no number of bytes")
    end = place + length
    if end > len(body):
        raise BadEnvelope(f"item {count} is cut off")
    if body[end : end + 1] not in (b"", b"\n"):
        raise BadEnvelope(f"item {count} is longer than it says")
    return body[place:end], end + 1


def _line(body: bytes, place: int) -> tuple[bytes, int]:
    end = body.find(b"\n", place)
    end = len(body) if end < 0 else end
    if end - place > _LONGEST_HEADER:
        raise BadEnvelope("a header is too long")
    return body[place:end], end + 1


def _header(line: bytes, what: str) -> Mapping[str, object]:
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError as flaw:
        raise BadEnvelope(f"{what} is no JSON") from flaw
    if not isinstance(header, dict):
        raise BadEnvelope(f"{what} is no object")
    return header


def _text(header: Mapping[str, object], name: str) -> str:
    found = header.get(name)
    return found if isinstance(found, str) else ""
