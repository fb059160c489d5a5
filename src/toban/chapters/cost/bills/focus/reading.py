"""Reads the files of FOCUS exports, summed as they are read: a million rows never are in memory at once."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from toban.chapters.cost.bill import BillTerms, BillUnknown
from toban.chapters.cost.bills.focus.columns import COLUMNS, NEEDED, summed
from toban.message import Message

_AT_ONCE = 16 * 2**20
"""Bytes of a CSV file that are looked at together."""
_BATCH = 200_000
MOST_ROWS = 50_000_000


def too_many(path: Path) -> BillUnknown:
    """Return why rows up to those of *path* are not read."""
    return BillUnknown(Message("cost.too-many-rows", path=path, most=MOST_ROWS))


def parts_of(path: Path, how: BillTerms) -> Iterator[tuple[pa.Table, int]]:
    """Yield the sums of one part of *path* after another, with the number of its rows."""
    for batch in _batches_of(path):
        yield _summed(batch, how, path), batch.num_rows


def _batches_of(path: Path) -> Iterator[pa.RecordBatch]:
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
