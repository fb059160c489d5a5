"""Batches of rows in the telemetry store: written durably and once, however often they are sent."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import orjson

from toban.engine.telemetry.store import InsertRepeated, StoreUnavailable, Telemetry
from toban.engine.telemetry.tokens import Token, batch_number

DOUBTED = 600
"""Seconds after a start of ClickHouse in which every batch is looked for, before and after it is written."""

_MOST_DOUBTED = 10_000
"""Batches that failed here and are looked for, however late they come again."""

_ASKED_AGAIN = 1.0
_LOOKS = 20
"""So often it is looked what is missing, while others write the same batch."""

_MOST_PARTITIONS = 90
"""Partitions of one insert: the engine refuses more than a hundred."""


class BatchRow(Protocol):
    """A tuple of the values of its table's columns in their order, of which the last is `number`."""

    @property
    def day(self) -> str:
        """The day it is on in the document's time zone, `2026-11-26`."""

    @property
    def at(self) -> float:
        """Seconds since 1970."""

    @property
    def number(self) -> int:
        """Counts the rows of a batch from 1."""

    def __iter__(self) -> Iterator[object]:
        """Yield the values."""


class Batch[Row: BatchRow](NamedTuple):
    """What is stored together, once, however often it is sent."""

    key: str
    """Two batches with the same key are the same batch."""
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class BatchTable:
    """A table that batches are stored in. It has the columns `day`, `at`, `batch` and `number`."""

    name: str
    columns: tuple[str, ...]
    """The last two are `batch` and `number`."""
    partition: tuple[str, ...]
    """The columns that tell the table's partitions apart."""


def key_of(sender: str, named: str, body: bytes) -> str:
    """Return the key of a batch: what its sender *named* it, else what is in it."""
    what = named.encode() if named else hashlib.sha256(body).digest()
    return hashlib.sha256(sender.encode() + b"\0" + what).hexdigest()


class BatchStore[Row: BatchRow]:
    """A table of a store. Any thread may use it."""

    def __init__(self, telemetry: Telemetry, table: BatchTable) -> None:
        self._telemetry = telemetry
        self._table = table
        self._doubted: dict[str, None] = {}
        self._uptime = 0.0
        self._asked_at = float("-inf")
        self._place: Callable[[Any], Any] = itemgetter(*map(table.columns.index, table.partition))

    def write(self, batch: Batch[Row], *, is_repetition: bool = False) -> None:
        """Store the rows of *batch*; when this returns they survive a power cut, and none is there twice.

        With *is_repetition* what is there of it is looked for first: the store knows its latest inserts
        again, and a sender that was away for long may come later than that.
        Raises `StoreUnavailable` when that is not certain: the same batch may then be written again, here or
        by another process. Raises `StoreRefused` when no repetition helps.
        """
        if not batch.rows:
            return
        try:
            self._telemetry.ensure_schema()
            # ClickHouse that was cut off may have forgotten the token of rows that it holds, for it doesn't
            # sync its log of tokens; whose attempt that was, this process can't know.
            is_doubtful = is_repetition or self._has_started_lately()
            is_held = is_doubtful and self._count(batch) > 0
            is_new = not is_held and self._insert_all(batch)
            # And it notes a token before it commits the rows: killed between the two, it takes the second
            # attempt for a repetition, acknowledges it and holds nothing. Only looking tells.
            if is_doubtful or not is_new or batch.key in self._doubted:
                self._make_good(batch)
        except StoreUnavailable:
            self._doubt(batch.key)
            raise
        self._doubted.pop(batch.key, None)

    def _insert_all(self, batch: Batch[Row]) -> bool:
        """Insert *batch*; say whether the store knew nothing of it."""
        is_new = True
        for number, rows in enumerate(self._by_partitions(batch.rows)):
            try:
                self._insert(batch.key, rows, Token.of(batch.key, number))
            except InsertRepeated:
                is_new = False
        return is_new

    def _make_good(self, batch: Batch[Row]) -> None:
        """Write what of *batch* is not there."""
        seen = uuid4().hex
        for _ in range(_LOOKS):
            missing = self._missing(batch)
            if not missing:
                return
            try:
                for number, rows in enumerate(self._by_partitions(missing)):
                    self._insert(batch.key, rows, Token.of(batch.key, number, seen))
            except InsertRepeated as repeated:
                seen = repeated.seen
            else:
                return
        raise StoreUnavailable("others write the same batch")

    def _missing(self, batch: Batch[Row]) -> Sequence[Row]:
        if self._count(batch) == len(batch.rows):
            return ()
        held = {number for (number,) in self._held_at_any_time(batch)}
        return [row for row in batch.rows if row.number not in held]

    def _count(self, batch: Batch[Row]) -> int:
        return self._held(batch, "uniqExact(number)")[0][0]

    def _doubt(self, key: str) -> None:
        self._doubted[key] = None
        if len(self._doubted) > _MOST_DOUBTED:
            # Any thread may have been quicker.
            self._doubted.pop(next(iter(self._doubted)), None)

    def _insert(self, key: str, rows: Sequence[Row], token: Token) -> None:
        number = batch_number(key)
        # By the column: nothing is done for each row, and the engine doesn't look for its end either.
        *columns, numbers = zip(*rows, strict=True)
        block = orjson.dumps((*columns, [number] * len(rows), numbers))
        self._telemetry.insert(
            self._table.name, self._table.columns, block, form="JSONCompactColumns", token=token.text
        )

    def _held(self, batch: Batch[Row], what: str) -> Sequence[Sequence[int]]:
        """Ask the stored rows of *batch* for *what*."""
        moments = [row.at for row in batch.rows]
        return self._telemetry.ask(
            f"""SELECT {what} FROM {self._table.name} WHERE batch = {{batch:UInt64}}
            AND day IN {{days:Array(Date)}} AND at BETWEEN fromUnixTimestamp64Milli({{first:Int64}})
            AND fromUnixTimestamp64Milli({{last:Int64}})""",  # noqa: S608 - words of Toban's own
            {
                "batch": batch_number(batch.key),
                "days": _days(batch),
                "first": int(min(moments) * 1000) - 1,
                "last": int(max(moments) * 1000) + 1,
            },
        )

    def _held_at_any_time(self, batch: Batch[Row]) -> Sequence[Sequence[int]]:
        """Return the numbers of the stored rows of *batch*, whatever time of their days they are of.

        A row that names no time is of the moment at which it is read; when its batch comes again, of a later.
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
        return self._uptime < DOUBTED

    def _by_partitions(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        """Cut *rows* so that none holds more partitions than the engine takes; mostly there is one cut."""
        places = sorted(set(map(self._place, rows)))
        if len(places) <= _MOST_PARTITIONS:
            return [rows]
        number = {place: at // _MOST_PARTITIONS for at, place in enumerate(places)}
        cuts: dict[int, list[Row]] = {}
        for row in rows:
            cuts.setdefault(number[self._place(row)], []).append(row)
        return list(cuts.values())


def _days[Row: BatchRow](batch: Batch[Row]) -> list[date]:
    return sorted(map(date.fromisoformat, {row.day for row in batch.rows}))


def _days_and_those_before[Row: BatchRow](batch: Batch[Row]) -> list[date]:
    days = _days(batch)
    return sorted({*days, *(day - timedelta(days=1) for day in days)})
