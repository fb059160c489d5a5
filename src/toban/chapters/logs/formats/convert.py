"""What all formats share: lines become JSON objects, and envelopes add to their contents. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import orjson

from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.chapters.logs.intake.shapes import known_of

LONGEST_TEXT = 40_000
"""Characters of a message that would make a line too long: each may take six bytes in JSON."""

type Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a line may leave out."""

    zone: tzinfo
    """The zone of times without an offset."""
    now: datetime
    """When it was read, for times without a year."""


type Convert = Callable[[bytes, Surroundings], bytes]
"""Lines as sent → one JSON object per line, in the same positions. Raises `ValueError` for anything else."""


def each_line(body: bytes, read: Callable[[str], Record]) -> bytes:
    """Return the result of *read* for each line of *body*; empty lines stay empty."""
    return b"\n".join(dumped(read(line)) if line else b"" for line in map(decoded, body.split(b"\n")))


def decoded(line: bytes) -> str:
    """Return *line* as text; invalid UTF-8 becomes U+FFFD."""
    # A writer that continues in a truncated file leaves a hole of zeros before its next line.
    return line.strip(b"\0\r").decode("utf-8", "replace").removeprefix("\ufeff")


def dumped(record: Record) -> bytes:
    """Return *record* as JSON; a text that makes it too long is cut, and `cutFrom` is its full length."""
    line = orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS)
    if len(line) <= LONGEST_LINE:
        return line
    texts = {name: value for name, value in record.items() if isinstance(value, str)}
    longest = max(texts, key=lambda name: len(texts[name]), default="message")
    whole = texts.get(longest, "")
    return orjson.dumps(
        {**record, longest: whole[:LONGEST_TEXT], "cutFrom": len(whole)}, option=orjson.OPT_NON_STR_KEYS
    )


def completed(record: Record, envelope: Mapping[str, object]) -> Record:
    """Return *record* with the fields of its envelope; if both have a field, the record's own wins."""
    named = set(map(known_of, record)) - {None}
    more = {
        name: value
        for name, value in envelope.items()
        if value not in (None, "") and name not in record and known_of(name) not in named
    }
    return {**record, **more}
