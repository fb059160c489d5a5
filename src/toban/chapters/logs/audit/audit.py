"""The applications' audit log as a chain of evidence, in the order its rows arrived."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from toban.engine.evidence import segments
from toban.engine.evidence.segments import Line, Tip
from toban.engine.evidence.shipping import ShippedSegments
from toban.engine.telemetry.logs.words import AUDIT
from toban.engine.telemetry.parquet import COLUMNS
from toban.engine.telemetry.store import Telemetry

_SETTLED = int(timedelta(minutes=2).total_seconds())
"""After this many seconds, no insert that began earlier is still in progress."""
_AT_ONCE = 1000
"""Seconds named in one query."""
_ALL = 2**32 - 1
_BEFORE = "received_at < fromUnixTimestamp({end:Int64})"

type _Second = tuple[int, int, int]
"""A second in which rows arrived, since 1970; their number, and their approximate size in bytes."""
type _Row = dict[str, Any]


@dataclass
class _OutsideRows:
    """Which rows of a day are outside, as far as its segments have been read."""

    place: str
    day: str
    read: set[str] = field(default_factory=set)
    """Keys of segments that were read."""
    ids: dict[int, set[tuple[int, int]]] = field(default_factory=lambda: defaultdict(set))
    """Batch and number of each row, by the second in which it arrived."""


class AuditChain:
    """See `toban.engine.evidence.shipping.EvidenceChain`; raises `StoreUnavailable`.

    Rows are ordered by the second in which they arrived, by the store's own clock. If that clock is set back,
    rows arrive in seconds that are already outside. Days whose number of rows outside differs from the store
    reveal them.
    """

    name = segments.AUDIT

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._outside: _OutsideRows | None = None
        self._compared: dict[tuple[str, str], tuple[int, int]] = {}
        """By place and day: row counts that differ although every row is outside."""

    def batch(self, tip: Tip, sent: ShippedSegments) -> tuple[Sequence[Line], str]:
        """Return whole seconds of arrivals, so that the end of one batch is the beginning of the next.

        Once these are outside, return whatever else arrived before that end.
        """
        self._telemetry.ensure_schema()
        start = int(datetime.fromisoformat(tip.until).timestamp()) if tip.until else 0
        within = f"received_at >= fromUnixTimestamp({{start:Int64}}) AND {_BEFORE}"
        seconds = self._seconds(within, {"start": start, "end": self._end()}, most=segments.MOST_LINES)
        fitting = next(_fitting(seconds), None)
        if fitting is None:
            return _linked(tip, self._left(sent, start)), tip.until
        until = fitting[-1] + 1
        rows = self._rows(within, {"start": start, "end": until})
        return _linked(tip, rows), datetime.fromtimestamp(until, UTC).isoformat()

    def part_of(self, line: Line) -> str:
        """Return the day: retention deletes whole days."""
        day: str = line["row"]["day"]
        return day

    def _end(self) -> int:
        """Return the second up to which everything has arrived, by the store's clock."""
        now, newest = self._telemetry.ask(
            """SELECT toUnixTimestamp(now()), toUnixTimestamp(max(received_at)) FROM logs
            WHERE kind = {kind:String}""",
            {"kind": AUDIT},
        )[0]
        # Rows with a future time arrived before the clock was set back, and must not wait for it.
        return int(newest + 1 if newest > now + _SETTLED else now - _SETTLED)

    def _seconds(
        self, where: str, parameters: Mapping[str, object], *, most: int = _ALL
    ) -> Sequence[_Second]:
        found = self._telemetry.ask(
            f"""SELECT toUnixTimestamp(received_at) AS second, count(), sum(byteSize(message, attributes))
            FROM logs WHERE kind = {{kind:String}} AND {where} GROUP BY second ORDER BY second
            LIMIT {{most:UInt32}}""",  # noqa: S608 - words of Toban's own
            {**parameters, "kind": AUDIT, "most": most},
        )
        return [(second, count, size) for second, count, size in found]

    def _rows(self, where: str, parameters: Mapping[str, object]) -> list[_Row]:
        columns = (f"toJSONString({name})" if name == "attributes" else name for name in COLUMNS)
        found = self._telemetry.ask(
            f"""SELECT {", ".join(columns)} FROM logs WHERE kind = {{kind:String}} AND {where}
            ORDER BY received_at, batch, number""",  # noqa: S608 - words of Toban's own
            {**parameters, "kind": AUDIT},
        )
        return [dict(zip(COLUMNS, map(_plain, row), strict=True)) for row in found]

    def _left(self, sent: ShippedSegments, until: int) -> list[_Row]:
        """Return rows that arrived before *until* and are not outside, as many as fit in a segment."""
        there = self._telemetry.ask(
            f"""SELECT toString(day) AS name, count() FROM logs WHERE kind = {{kind:String}}
            AND {_BEFORE} GROUP BY name ORDER BY name""",  # noqa: S608 - words of Toban's own
            {"kind": AUDIT, "end": until},
        )
        outside = sent.counts() if there else {}
        for day, count in there:
            figures = (count, outside.get(day, 0))
            if figures[0] == figures[1] or self._compared.get((sent.place, day)) == figures:
                continue
            if rows := self._left_of(day, sent, until):
                return rows
            self._compared[sent.place, day] = figures
        self._outside = None
        return []

    def _left_of(self, day: str, sent: ShippedSegments, until: int) -> list[_Row]:
        ids = self._ids(day, sent)
        seconds = self._seconds(f"day = {{day:Date}} AND {_BEFORE}", {"day": day, "end": until})
        for fitting in _fitting(each for each in seconds if each[1] != len(ids.get(each[0], ()))):
            rows = [
                row
                for first in range(0, len(fitting), _AT_ONCE)
                for row in self._rows(
                    "day = {day:Date} AND toUnixTimestamp(received_at) IN {seconds:Array(Int64)}",
                    {"day": day, "seconds": fitting[first : first + _AT_ONCE]},
                )
                if _id(row) not in ids.get(_second(row), ())
            ]
            if rows:
                return rows
        return []

    def _ids(self, day: str, sent: ShippedSegments) -> Mapping[int, set[tuple[int, int]]]:
        """Return which rows of *day* are outside; each segment is read only once for all missing rows."""
        outside = self._outside
        if outside is None or (outside.place, outside.day) != (sent.place, day):
            outside = self._outside = _OutsideRows(sent.place, day)
        for segment in sent.segments(day):
            if segment.key not in outside.read:
                for line in sent.lines(segment):
                    if self.part_of(line) == day:
                        outside.ids[_second(line["row"])].add(_id(line["row"]))
                outside.read.add(segment.key)
        return outside.ids


def _fitting(seconds: Iterable[_Second]) -> Iterator[list[int]]:
    """Yield groups of seconds whose rows fit in a segment together; a single second may exceed it."""
    fitting: list[int] = []
    rows = length = 0
    for second, count, size in seconds:
        if fitting and (rows + count > segments.MOST_LINES or length + size > segments.MOST_BYTES):
            yield fitting
            fitting, rows, length = [], 0, 0
        fitting.append(second)
        rows, length = rows + count, length + size
    if fitting:
        yield fitting


def _linked(tip: Tip, rows: Iterable[_Row]) -> list[Line]:
    lines: list[Line] = []
    sequence, previous = tip.last, tip.line
    for row in rows:
        lines.append(segments.link(sequence + 1, previous, {"row": row}))
        sequence, previous = sequence + 1, lines[-1]["digest"]
    return lines


def _id(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["batch"], row["number"]


def _second(row: Mapping[str, Any]) -> int:
    return int(datetime.fromisoformat(row["received_at"]).timestamp())


def _plain(value: object) -> object:
    """Return *value* as JSON writes it."""
    match value:
        case datetime():
            aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
            return aware.astimezone(UTC).isoformat(timespec="milliseconds")
        case date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value
