"""Reads Parquet exports in a process of its own, whose memory has a limit.

A few kilobytes of Parquet may say that a value of megabytes stands in every row, or that a page unpacks to
gigabytes; nothing but unpacking it tells.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from toban.chapters.cost.bill import BillTerms, BillUnknown
from toban.chapters.cost.bills.focus.columns import sums
from toban.chapters.cost.bills.focus.reading import MOST_ROWS, parts_of, too_many
from toban.message import NOTHING, Message, from_json

_MEMORY = 2 * 2**30
_MOST_SUMS, _LARGEST = 500_000, 2**28
"""Sums of different charges, and their bytes: they come to the process that asks."""
_PATIENCE = 1800.0
"""Seconds."""
_REFUSED = 3
"""How the process ends that says why."""
# The system's allocator takes what is needed; Arrow's own would count a gigabyte that it only reserves.
_MODEST = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}


def sums_apart(paths: Sequence[Path], how: BillTerms) -> tuple[Sequence[pa.Table], int]:
    """Return the sums of all *paths*, with the number of their rows; raise `BillUnknown`."""
    asked = {
        "paths": [str(each) for each in paths],
        "zone": how.zone.key,
        "tag": how.tag,
        "now": how.now.isoformat(),
    }
    try:
        told = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(asked).encode(),
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            env={**os.environ, **_MODEST},
        )
    except subprocess.TimeoutExpired as late:
        raise BillUnknown(Message("cost.reader-died", path=_last(late.stderr or b""))) from late
    if told.returncode == _REFUSED:
        said, hint = map(from_json, json.loads(told.stdout))
        raise BillUnknown(said, hint=hint)
    if told.returncode > 0:
        why = told.stderr.decode(errors="replace").strip().rpartition("\n")[2][:300]
        raise BillUnknown(Message("cost.cannot-read", path=_last(told.stderr), why=why))
    if told.returncode:
        raise BillUnknown(Message("cost.reader-died", path=_last(told.stderr)))
    if not told.stdout:
        return (), 0
    with pa.ipc.open_stream(told.stdout) as stream:
        table = stream.read_all()
    return (table,), int(table.schema.metadata[b"rows"])


def _last(progress: bytes) -> str:
    """Return the file that was read last: the process names each."""
    begun = [line for line in progress.decode(errors="replace").splitlines() if line.startswith("/")]
    return begun[-1] if begun else ""


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    asked = json.load(sys.stdin)
    how = BillTerms(ZoneInfo(asked["zone"]), asked["tag"], datetime.fromisoformat(asked["now"]))
    try:
        table = _read([*map(Path, asked["paths"])], how)
    except BillUnknown as unknown:
        said, hint = unknown.doubt if isinstance(unknown.doubt, tuple) else (unknown.doubt, NOTHING)
        sys.stdout.write(json.dumps([said.as_json(), hint.as_json()]))
        sys.exit(_REFUSED)
    if table is not None:
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)


def _read(paths: Sequence[Path], how: BillTerms) -> pa.Table | None:
    parts, rows = [], 0
    for path in paths:
        sys.stderr.write(f"{path}\n")
        sys.stderr.flush()
        for part, count in parts_of(path, how):
            if (rows := rows + count) > MOST_ROWS:
                raise too_many(path)
            parts.append(part)
    if not parts:
        return None
    table = sums(pa.concat_tables(parts))
    if table.num_rows > _MOST_SUMS or table.nbytes > _LARGEST:
        raise BillUnknown(Message("cost.too-many-sums", path=paths[0], most=_MOST_SUMS))
    return table.replace_schema_metadata({"rows": str(rows)})


if __name__ == "__main__":
    _main()
