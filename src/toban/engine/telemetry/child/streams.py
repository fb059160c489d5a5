"""The content of inserts, streams of Arrow or blocks of `Native`: several are joined into one."""

from collections.abc import Sequence
from typing import IO

import pyarrow as pa

from toban.engine.telemetry.child.refusal import MALFORMED, RequestRefusal

_FLAWS = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError)
"""Errors for bytes that are not a stream; not those for too little memory, which may be over later."""


def schema_of(stream: bytes) -> bytes:
    """Return the schema of *stream*, or raise `RequestRefusal`; only streams of one schema can be joined."""
    try:
        return bytes(pa.ipc.open_stream(stream).schema.serialize())
    except _FLAWS as flaw:
        raise RequestRefusal(MALFORMED, f"no stream of Arrow: {flaw}") from flaw


def join(streams: Sequence[bytes], file: IO[bytes]) -> None:
    """Write *streams*, which have the same schema, to *file* as one, or raise `RequestRefusal`."""
    if len(streams) == 1:
        file.write(streams[0])
        return
    try:
        tables = [pa.ipc.open_stream(stream).read_all() for stream in streams]
    except _FLAWS as flaw:
        raise RequestRefusal(MALFORMED, f"a stream of Arrow ends too early: {flaw}") from flaw
    with pa.ipc.new_stream(file, tables[0].schema) as joined:
        for table in tables:
            joined.write_table(table)


def concatenate(blocks: Sequence[bytes], file: IO[bytes]) -> None:
    """Write *blocks* to *file*: they say themselves what they contain."""
    file.writelines(blocks)
