"""A period of one kind's logs as a Parquet file: written by the store, read back by an engine without one.

It contains every column of the table under its own name, attributes as their JSON text; see docs/adr/0014.
Two figures, which both sides compute, show that a file has the same rows as the store: the number of rows,
and the sum of a hash of each row.

    python -m toban.engine.telemetry.parquet FILE

prints them for a file. It is for processes that must not load the engine, or crash with it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from toban.engine.telemetry import row_binary
from toban.engine.telemetry.logs.days import DayPart
from toban.engine.telemetry.logs.search import FoundRow, LogTerm, TimeSpan, conditions, found_row, rows_of
from toban.engine.telemetry.store import Telemetry
from toban.engine.telemetry.tables import AS_SENT

COLUMNS = {
    "kind": "String",
    "day": "Date",
    "at": "DateTime64(3, 'UTC')",
    "level": "String",
    "service": "String",
    "message": "String",
    "user_id": "String",
    "request_id": "String",
    "trace_id": "String",
    "span_id": "String",
    "ip": "String",
    "method": "String",
    "route": "String",
    "status": "UInt16",
    "duration_ms": "Float32",
    "attributes": "String",
    "sender": "String",
    "batch": "UInt64",
    "number": "UInt32",
    "received_at": "DateTime('UTC')",
}
"""The columns of a file, with the engine's names for their types."""

_PATIENCE = 600
"""Seconds within which a file must be read."""


class UnreadableParquet(Exception):
    """The file is not a Parquet file of logs; the message says why."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Two figures that identify the contents of a period of logs."""

    rows: int
    checksum: int
    """The sum of a hash of each row, modulo 2^64."""


@dataclass(frozen=True, slots=True)
class FileStretch:
    """A part of one kind's day, small enough for one file."""

    start: datetime
    end: datetime
    rows: int

    @property
    def span(self) -> TimeSpan:
        """The period that it covers."""
        return TimeSpan(self.start, self.end)


class LogExport:
    """The export of one kind's day from the store. All methods raise `StoreUnavailable`."""

    def __init__(self, telemetry: Telemetry, part: DayPart) -> None:
        self._telemetry = telemetry
        self._part = part

    def minutes(self) -> Sequence[tuple[datetime, int, int]]:
        """Return each minute that has rows, with their number and their uncompressed size in bytes."""
        rows = self._telemetry.ask(
            """SELECT toUnixTimestamp(toStartOfMinute(at)) AS minute, count(),
            sum(byteSize(message, attributes)) FROM logs WHERE kind = {kind:String} AND day = {day:Date}
            GROUP BY minute ORDER BY minute""",
            self._parameters,
        )
        return [(row_binary.moment(1000 * minute), count, size) for minute, count, size in rows]

    def figures(self, span: TimeSpan) -> Figures:
        """Return the store's figures for *span*."""
        sql = f"SELECT {_figures('toJSONString(attributes)')} FROM logs WHERE {_STRETCH}"  # noqa: S608 - its own words
        return Figures(*self._telemetry.ask(sql, {**self._parameters, **span.parameters})[0])

    def parquet(self, span: TimeSpan) -> Iterator[bytes]:
        """Yield the file for *span*."""
        columns = (f"toJSONString({name}) AS {name}" if name == "attributes" else name for name in COLUMNS)
        sql = f"""SELECT {", ".join(columns)} FROM logs WHERE {_STRETCH} ORDER BY at, batch, number
            SETTINGS output_format_parquet_compression_method = 'zstd'"""  # noqa: S608 - its own words
        return self._telemetry.pieces(sql, {**self._parameters, **span.parameters}, form="Parquet")

    @property
    def _parameters(self) -> dict[str, Any]:
        return {"kind": self._part.kind, "day": self._part.day}


def figures_of(file: Path) -> Figures:
    """Return the figures of *file*, read in a separate process, or raise `UnreadableParquet`."""
    asked = subprocess.run(
        [sys.executable, "-m", "toban.engine.telemetry.parquet", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if asked.returncode:
        raise UnreadableParquet(
            asked.stderr.strip().splitlines()[-1] if asked.stderr.strip() else "the reader died"
        )
    return Figures(**json.loads(asked.stdout))


def newest(file: Path, terms: Sequence[LogTerm], span: TimeSpan, *, limit: int) -> list[FoundRow]:
    """Return up to *limit* rows of *file*, newest first; raises `UnreadableParquet`. It loads the engine."""
    where, parameters = conditions(terms, span)
    columns = (f"{name}::JSON AS {name}" if name == "attributes" else name for name in COLUMNS)
    table = f"(SELECT {', '.join(columns)} FROM {_file(file)})"  # noqa: S608 - its own words
    answer = _ask(rows_of(table, where, "DESC"), {**parameters, "limit": limit})
    return [found_row(json.loads(line)) for line in answer.splitlines()]


def _ask(sql: str, parameters: dict[str, Any]) -> str:
    import chdb  # noqa: PLC0415 - half a gigabyte of library, for whoever reads a file

    # It has no types.
    connection: Any = chdb.connect(":memory:")  # type: ignore[no-untyped-call, unused-ignore]
    try:
        connection.query(f"SET {', '.join(f'{name} = {value}' for name, value in AS_SENT.items())}")
        return str(connection.query(sql, "JSONCompactEachRow", params=parameters).bytes().decode())
    except RuntimeError as error:
        raise UnreadableParquet(str(error).splitlines()[0]) from error
    finally:
        connection.close()


def _file(path: Path) -> str:
    text = str(path)
    if not path.is_absolute() or any(letter in text for letter in "'\\*?{}[]"):
        raise ValueError(f"{text!r} is no plain path")
    structure = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()).replace("'", "\\'")
    return f"file('{text}', Parquet, '{structure}')"


def _figures(attributes: str) -> str:
    names = (attributes if name == "attributes" else name for name in COLUMNS)
    return f"count(), sum(cityHash64({', '.join(names)}))"


_STRETCH = """kind = {kind:String} AND day = {day:Date}
    AND at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})"""


def _main() -> None:
    sql = f"SELECT {_figures('attributes')} FROM {_file(Path(sys.argv[1]))}"  # noqa: S608 - its own words
    try:
        rows, checksum = json.loads(_ask(sql, {}))
    except UnreadableParquet as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps({"rows": rows, "checksum": checksum}))


if __name__ == "__main__":
    _main()
