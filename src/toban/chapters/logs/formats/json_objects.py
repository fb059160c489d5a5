"""JSON in the document's own format: one object per line, an array, or concatenated objects. Pure."""

import json
from itertools import pairwise

import orjson

from toban.chapters.logs.formats.convert import Surroundings

_BEGIN = 1024
"""Bytes within which an array begins."""
_BETWEEN = b"}{"
_MOST = 500_000
"""Objects on one line that are separated."""
_REFUSED = b"null"
"""A line in the place of what can't be written."""
_DECODER = json.JSONDecoder()


def ndjson(body: bytes, _surroundings: Surroundings) -> bytes:
    """Return *body* as lines; raises `ValueError` for a broken array.

    Objects on one line are separated (Fluent Bit's `json_stream`); anything unreadable is left for the line
    reader to refuse.
    """
    if body[:_BEGIN].lstrip()[:1] == b"[":
        try:
            return _array(body)
        except orjson.JSONDecodeError as flaw:
            raise ValueError(f"no JSON array: {flaw}") from flaw
    if _BETWEEN not in body:
        return body
    return b"\n".join(_apart(line) if _BETWEEN in line else line for line in body.split(b"\n"))


def enveloped(body: bytes) -> bytes:
    """Return *body* as lines if it is an array of objects, in which shippers send the lines they read."""
    if body[:_BEGIN].lstrip()[:2] not in (b"[{", b"[]"):
        return body
    try:
        return _array(body)
    except orjson.JSONDecodeError:
        return body


def _array(body: bytes) -> bytes:
    # Not by map(): that would keep the interpreter from all other threads until the last object.
    return b"\n".join([_line(each) for each in orjson.loads(body)])


def _line(member: object) -> bytes:
    try:
        return orjson.dumps(member)
    except orjson.JSONEncodeError:
        # Nested so deep that it can only be read: the line reader refuses it, and none of the others.
        return _REFUSED


def _apart(line: bytes) -> bytes:
    """Return the objects of *line* on separate lines; *line* itself if it is not several, or too many."""
    if line.count(_BETWEEN) > _MOST:
        return line
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    else:
        return line
    try:
        text, place, ends = line.decode().strip(), 0, [0]
        while place < len(text):
            _, place = _DECODER.raw_decode(text, place)
            ends.append(place)
    except (ValueError, RecursionError):
        return line
    return "\n".join(text[start:end] for start, end in pairwise(ends)).encode()
