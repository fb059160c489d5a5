"""Reads FOCUS exports, summed as they are read: a million rows never are in memory at once."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from toban.chapters.cost.bill import BillTerms, BillUnknown
from toban.chapters.cost.bills.files import demand_unchanged, files_of
from toban.chapters.cost.bills.focus.columns import COLUMNS, NEEDED, summed, sums
from toban.chapters.cost.bills.focus.config import FocusBill
from toban.chapters.cost.bills.focus.rows import charge_of
from toban.chapters.cost.charge import Bill, Charge, ChargeKey
from toban.message import Message

_AT_ONCE = 16 * 2**20
"""Bytes of a CSV file that are looked at together."""
_BATCH = 200_000
_MOST_ROWS = 50_000_000
_CHUNK = 2**20


class FocusFiles:
    """The files of an export."""

    def __init__(self, config: FocusBill) -> None:
        self._pattern = config.path

    def version(self) -> str:
        """See `BillSource`."""
        return files_of(self._pattern).version

    def read(self, how: BillTerms) -> Bill:
        """See `BillSource`."""
        files = files_of(self._pattern)
        parts, rows, seen = [], 0, set[str]()
        for path in files.paths:
            # An export that is kept twice has been charged once.
            if (digest := _digest(path)) in seen:
                continue
            seen.add(digest)
            for batch in _batches(path):
                if (rows := rows + batch.num_rows) > _MOST_ROWS:
                    raise BillUnknown(Message("cost.too-many-rows", path=path, most=_MOST_ROWS))
                parts.append(_summed(batch, how, path))
        demand_unchanged(self._pattern, files.version)
        return Bill(_days(parts), files.made_at, rows)


def _digest(path: Path) -> str:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise BillUnknown(Message("cost.cannot-read", path=path, why=error.strerror)) from error
    return digest.hexdigest()


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the needed columns of a file."""
    try:
        yield from _of_parquet(path) if path.suffix == ".parquet" else _of_csv(path)
    except (pa.ArrowException, OSError, UnicodeError, csv.Error) as error:
        said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise BillUnknown(Message("cost.cannot-read", path=path, why=said)) from error


def _of_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        _demand(names, path)
        yield from file.iter_batches(_BATCH, columns=[each for each in COLUMNS if each in names])


def _of_csv(path: Path) -> Iterator[pa.RecordBatch]:
    names = next(csv.reader([_first_line(path)]), [])
    _demand(names, path)
    wanted = [each for each in COLUMNS if each in names]
    options = pyarrow.csv.ConvertOptions(
        include_columns=wanted,
        # As written: amounts are never floats.
        column_types=dict.fromkeys(wanted, pa.string()),
        strings_can_be_null=True,
        null_values=["", "NULL", "null"],
    )
    with (
        pa.input_stream(str(path), compression="detect") as file,
        pyarrow.csv.open_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(block_size=_AT_ONCE),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=options,
        ) as reader,
    ):
        yield from reader


def _first_line(path: Path) -> str:
    with pa.input_stream(str(path), compression="detect") as file:
        head = bytes(file.read(2**16))
    return head.decode("utf-8-sig").partition("\n")[0].rstrip("\r")


def _demand(names: Sequence[str], path: Path) -> None:
    if missing := [each for each in NEEDED if each not in names]:
        raise BillUnknown(
            Message("cost.not-focus", path=path, columns=tuple(missing)), hint=Message("cost.export-focus")
        )


def _summed(batch: pa.RecordBatch, how: BillTerms, path: Path) -> pa.Table:
    try:
        return summed(pa.Table.from_batches([batch]), how)
    except (pa.ArrowException, ArithmeticError, ValueError) as error:
        said = str(error).splitlines()[0][:300]
        raise BillUnknown(Message("cost.cannot-read", path=path, why=said)) from error


def _days(parts: Sequence[pa.Table]) -> Mapping[date, Sequence[Charge]]:
    """Return the charges of each day, summed over all *parts*."""
    days: dict[date, dict[ChargeKey, Charge]] = defaultdict(dict)
    if not parts:
        return {}
    for row in sums(pa.concat_tables(parts)).to_pylist():
        charge, day = charge_of(row), days[row["day"]]
        day[charge.key] = charge.added_to(day.get(charge.key))
    return {on: list(found.values()) for on, found in days.items()}
