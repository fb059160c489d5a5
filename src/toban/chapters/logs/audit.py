"""The applications' audit log as a chain of evidence, in the order in which its rows came in."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from toban.engine.evidence import segments
from toban.engine.evidence.segments import Line, Tip
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.log_words import AUDIT
from toban.engine.telemetry.parquet import COLUMNS
from toban.engine.telemetry.store import Telemetry

_SETTLED = timedelta(minutes=2)
"""After so long no insert that began before is still under way."""


class AuditChain:
    """See `toban.engine.evidence.shipping.Chain`; raises `StoreUnavailable`."""

    name = segments.AUDIT

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def batch(self, tip: Tip, now: datetime) -> tuple[Sequence[Line], str]:  # noqa: ARG002 - the protocol's
        """Return whole seconds of what came in: so the end of one batch is the beginning of the next."""
        self._telemetry.ensure_schema()
        start = datetime.fromisoformat(tip.until) if tip.until else datetime.fromtimestamp(0, UTC)
        # The store's own clock: by that one it says when a row came in.
        end = datetime.fromtimestamp(self._telemetry.ask("SELECT toUnixTimestamp(now())", {})[0][0], UTC)
        until = self._until(start, end - _SETTLED)
        if until is None:
            return [], ""
        lines: list[Line] = []
        sequence, previous = tip.last, tip.line
        for row in self._rows(start, until):
            lines.append(segments.link(sequence + 1, previous, {"row": row}))
            sequence, previous = sequence + 1, lines[-1]["digest"]
        return lines, until.astimezone(UTC).isoformat()

    def _until(self, start: datetime, end: datetime) -> datetime | None:
        """Return up to where a segment may reach; None where nothing came in."""
        seconds = self._telemetry.ask(
            """SELECT toUnixTimestamp(received_at) AS second, count(), sum(byteSize(message, attributes))
            FROM logs WHERE kind = {kind:String} AND received_at >= fromUnixTimestamp({start:Int64})
            AND received_at < fromUnixTimestamp({end:Int64}) GROUP BY second ORDER BY second
            LIMIT {most:UInt32}""",
            {**_between(start, end), "most": segments.MOST_LINES},
        )
        rows = size = 0
        last: int | None = None
        for second, count, length in seconds:
            if last is not None and (
                rows + count > segments.MOST_LINES or size + length > segments.MOST_BYTES
            ):
                break
            rows, size, last = rows + count, size + length, second
        return None if last is None else datetime.fromtimestamp(last + 1, UTC)

    def _rows(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        columns = (f"toJSONString({name})" if name == "attributes" else name for name in COLUMNS)
        found = self._telemetry.ask(
            f"""SELECT {", ".join(columns)} FROM logs WHERE kind = {{kind:String}}
            AND received_at >= fromUnixTimestamp({{start:Int64}})
            AND received_at < fromUnixTimestamp({{end:Int64}})
            ORDER BY received_at, batch, number""",  # noqa: S608 - words of Toban's own
            _between(start, end),
        )
        return [dict(zip(COLUMNS, map(_plain, row), strict=True)) for row in found]


def _between(start: datetime, end: datetime) -> dict[str, Any]:
    seconds = [row_binary.milliseconds(each) // 1000 for each in (start, end)]
    return {"kind": AUDIT, "start": seconds[0], "end": seconds[1]}


def _plain(value: object) -> object:
    """Return *value* as JSON has it."""
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
