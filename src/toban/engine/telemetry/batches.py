"""Batches of rows in the telemetry store: written durably, and only once even if they are sent repeatedly."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod
from typing import NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from toban.engine.telemetry import native, objects
from toban.engine.telemetry.columns import array_of, stream_of
from toban.engine.telemetry.store import InsertRepeated, StoreUnavailable, Telemetry
from toban.engine.telemetry.tokens import InsertToken, batch_number

_DOUBTED = 600
"""For this many seconds after ClickHouse starts, every batch is looked up before and after it is written."""

_MOST_DOUBTED = 10_000
"""Number of failed batches to remember: they are looked up however late they come again."""

_ASKED_AGAIN = 1.0
_LOOKS = 20
"""How often to check for missing rows while others write the same batch."""

_MOST_PARTITIONS = 90
"""Number of partitions in one insert: the engine refuses more than a hundred."""


class InsertBatch(NamedTuple):
    """Rows that are stored together, and only once even if they are sent repeatedly."""

    key: str
    """Two batches with the same key are the same batch."""
    rows: pa.Table
    """With the columns of a `BatchTable`. The column `number` counts the rows of the batch from 1."""


@dataclass(frozen=True, slots=True)
class BatchTable:
    """A table that batches are stored in."""

    name: str
    schema: pa.Schema
    """Its columns except `batch`; `day`, `at` and `number` are among them."""
    partition: tuple[str, ...]
    """The columns that determine a row's partition."""


def key_of(sender: str, named: str, body: bytes) -> str:
    """Return the key of a batch, from the name that its sender gave it, or else from its content."""
    what = named.encode() if named else hashlib.sha256(body).digest()
    return hashlib.sha256(sender.encode() + b"\0" + what).hexdigest()


class BatchStore:
    """A table of a store. Any thread may use it."""

    def __init__(self, telemetry: Telemetry, table: BatchTable) -> None:
        self._telemetry = telemetry
        self._table = table
        self._doubted: dict[str, None] = {}
        self._uptime = 0.0
        self._asked_at = float("-inf")

    def write(self, batch: InsertBatch, *, is_repetition: bool = False) -> None:
        """Store the rows of *batch*; when this returns, they survive a power cut, and none is stored twice.

        With *is_repetition*, stored rows of the batch are looked up first: the store recognises only its
        latest inserts, and a sender that was away for long may come later than that.
        Raises `StoreUnavailable` if the result is not certain: the same batch may then be written again, here
        or by another process. Raises `StoreRefused` if no repetition helps.
        """
        if not batch.rows:
            return
        try:
            self._telemetry.ensure_schema()
            # After a crash, ClickHouse may have forgotten the token of rows that it holds, because it doesn't
            # sync its log of tokens. This process can't know whose attempt that was.
            is_doubtful = is_repetition or self._has_started_lately()
            held = self._count(batch) if is_doubtful else 0
            if held != len(batch.rows):
                is_new = not held and self._insert_all(batch)
                # ClickHouse also records a token before it commits the rows. If it is killed between the two,
                # it takes the second attempt for a repetition and acknowledges it, but has no rows. Only a
                # query can show that.
                if is_doubtful or not is_new or batch.key in self._doubted:
                    self._make_good(batch)
        except StoreUnavailable:
            self._doubt(batch.key)
            raise
        self._doubted.pop(batch.key, None)

    def _insert_all(self, batch: InsertBatch) -> bool:
        """Insert *batch*; return whether it was new to the store."""
        is_new = True
        for number, rows in enumerate(self._by_partitions(batch.rows)):
            try:
                self._insert(batch.key, rows, InsertToken.of(batch.key, number))
            except InsertRepeated:
                is_new = False
        return is_new

    def _make_good(self, batch: InsertBatch) -> None:
        """Write the rows of *batch* that are missing."""
        seen = uuid4().hex
        for _ in range(_LOOKS):
            missing = self._missing(batch)
            if not missing:
                return
            try:
                for number, rows in enumerate(self._by_partitions(missing)):
                    self._insert(batch.key, rows, InsertToken.of(batch.key, number, seen))
            except InsertRepeated as repeated:
                seen = repeated.seen
            else:
                return
        raise StoreUnavailable("others write the same batch")

    def _missing(self, batch: InsertBatch) -> pa.Table:
        if self._count(batch) == len(batch.rows):
            return batch.rows.slice(0, 0)
        numbers = batch.rows["number"]
        held = array_of(numbers.type, [number for (number,) in self._held_at_any_time(batch)])
        return batch.rows.filter(pc.invert(pc.is_in(numbers, value_set=held)))

    def _count(self, batch: InsertBatch) -> int:
        return self._held(batch, "uniqExact(number)")[0][0]

    def _doubt(self, key: str) -> None:
        self._doubted[key] = None
        if len(self._doubted) > _MOST_DOUBTED:
            # Any thread may have been quicker.
            self._doubted.pop(next(iter(self._doubted)), None)

    def _insert(self, key: str, rows: pa.Table, token: InsertToken) -> None:
        numbers = array_of(pa.uint64(), [batch_number(key)] * len(rows))
        block = rows.append_column("batch", numbers)
        if objects.are_columns(block) and self._telemetry.decides_repetitions(self._table.name):
            named = [objects.STORED if name == objects.SENT else name for name in block.column_names]
            form, content = "Native", native.block_of(block.rename_columns(named))
        else:
            # Only the engine of Toban's own store is known to read attributes as columns.
            named, form, content = block.column_names, "ArrowStream", stream_of(objects.with_texts(block))
        self._telemetry.insert(self._table.name, named, content, form=form, token=token.text)

    def _held(self, batch: InsertBatch, what: str) -> Sequence[Sequence[int]]:
        """Select *what* from the stored rows of *batch*."""
        moments = pc.min_max(pc.cast(batch.rows["at"], pa.int64())).as_py()
        return self._telemetry.ask(
            f"""SELECT {what} FROM {self._table.name} WHERE batch = {{batch:UInt64}}
            AND day IN {{days:Array(Date)}} AND at BETWEEN fromUnixTimestamp64Milli({{first:Int64}})
            AND fromUnixTimestamp64Milli({{last:Int64}})""",  # noqa: S608 - words of Toban's own
            {
                "batch": batch_number(batch.key),
                "days": _days(batch),
                "first": moments["min"],
                "last": moments["max"],
            },
        )

    def _held_at_any_time(self, batch: InsertBatch) -> Sequence[Sequence[int]]:
        """Return the numbers of the stored rows of *batch*, at any time of their days.

        A row without a time gets the time at which it is read: a later one if its batch comes again.
        """
        return self._telemetry.ask(
            f"""SELECT number FROM {self._table.name} WHERE batch = {{batch:UInt64}}
            AND day IN {{days:Array(Date)}}""",  # noqa: S608 - words of Toban's own
            {"batch": batch_number(batch.key), "days": _days_and_those_before(batch)},
        )

    def _has_started_lately(self) -> bool:
        if self._telemetry.decides_repetitions(self._table.name):
            return False
        now = time.monotonic()
        if now - self._asked_at >= _ASKED_AGAIN:
            self._uptime = float(self._telemetry.ask("SELECT uptime()", {})[0][0])
            self._asked_at = now
        return self._uptime < _DOUBTED

    def _by_partitions(self, rows: pa.Table) -> Sequence[pa.Table]:
        """Split *rows* so that no part has more partitions than the engine accepts; usually into one part."""
        columns = [rows[name] for name in self._table.partition]
        if prod(len(pc.unique(column)) for column in columns) <= _MOST_PARTITIONS:
            return [rows]
        places = list(zip(*(column.to_pylist() for column in columns), strict=True))
        cuts: list[list[int]] = [[] for _ in range(0, len(set(places)), _MOST_PARTITIONS)]
        cut_of = {place: cuts[at // _MOST_PARTITIONS] for at, place in enumerate(sorted(set(places)))}
        for row, place in enumerate(places):
            cut_of[place].append(row)
        return [rows.take(array_of(pa.int64(), cut)) for cut in cuts]


def _days(batch: InsertBatch) -> list[date]:
    return sorted(pc.unique(batch.rows["day"]).to_pylist())


def _days_and_those_before(batch: InsertBatch) -> list[date]:
    days = _days(batch)
    return sorted({*days, *(day - timedelta(days=1) for day in days)})
