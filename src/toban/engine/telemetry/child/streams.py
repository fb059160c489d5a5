"""Streams of Arrow, as inserts bring them: several become one."""

from collections.abc import Sequence
from typing import IO

import pyarrow as pa

from toban.engine.telemetry.child.refusal import MALFORMED, Refused

_FLAWS = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError)
"""What is raised of bytes that are no stream; not of too little memory, of which there may be more later."""


def schema_of(stream: bytes) -> bytes:
    """Return by what *stream* is told from those that it can't be joined with, or raise `Refused`."""
    try:
        return bytes(pa.ipc.open_stream(stream).schema.serialize())
    except _FLAWS as flaw:
        raise Refused(MALFORMED, f"no stream of Arrow: {flaw}") from flaw


def join(streams: Sequence[bytes], file: IO[bytes]) -> None:
    """Write *streams*, all of one schema, to *file* as one, or raise `Refused`."""
    if len(streams) == 1:
        file.write(streams[0])
        return
    try:
        tables = [pa.ipc.open_stream(stream).read_all() for stream in streams]
    except _FLAWS as flaw:
        raise Refused(MALFORMED, f"a stream of Arrow ends too early: {flaw}") from flaw
    with pa.ipc.new_stream(file, tables[0].schema) as joined:
        for table in tables:
            joined.write_table(table)
