"""The logs of a store by kind and day, including spans: their sizes, and how to delete one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from toban.engine.telemetry import row_binary
from toban.engine.telemetry.store import Telemetry
from toban.engine.telemetry.tables import SPAN_KIND

_PARTITION = re.compile(r"(?:\('(?P<kind>.*)',)?'?(?P<day>\d{4}-\d\d-\d\d)'?\)?", re.DOTALL)
_ID = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class DayPart:
    """One kind's day, as it is stored."""

    id: str
    """The engine's name for it."""
    kind: str
    day: date
    rows: int
    bytes: int
    """Size on disk."""
    table: str = "logs"


class LogDays:
    """The days of a store's logs. All methods raise `StoreUnavailable`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def parts(self) -> Sequence[DayPart]:
        """Return every kind's days; they come from the engine's metadata, so this costs almost nothing."""
        self._telemetry.ensure_schema()
        rows = self._telemetry.ask(
            """SELECT table, partition_id, any(partition), sum(rows), sum(bytes_on_disk) FROM system.parts
            WHERE database = currentDatabase() AND table IN ('logs', 'spans') AND active
            GROUP BY table, partition_id""",
            {},
        )
        return [_part(*row) for row in rows]

    def oldest(self, part: DayPart) -> datetime | None:
        """Return the time of the oldest row of one kind's day."""
        of_kind = "kind = {kind:String} AND" if part.table == "logs" else ""
        rows = self._telemetry.ask(
            f"""SELECT toUnixTimestamp64Milli(min(at)), count() FROM {part.table}
            WHERE {of_kind} day = {{day:Date}}""",  # noqa: S608 - words of Toban's own
            {"kind": part.kind, "day": part.day},
        )
        milliseconds, count = rows[0]
        return row_binary.moment(milliseconds) if count else None

    def delete(self, part: DayPart) -> None:
        """Delete one kind's day; deleting it again is harmless."""
        if not _ID.fullmatch(part.id):
            raise ValueError(f"{part.id!r} is no partition")
        self._telemetry.do(f"ALTER TABLE {part.table} DROP PARTITION ID '{part.id}'", {})


def _part(table: str, partition_id: str, partition: str, rows: int, size: int) -> DayPart:
    match = _PARTITION.fullmatch(partition)
    if match is None:
        raise ValueError(f"{partition!r} is no partition of {table}")
    kind = re.sub(r"\\(.)", r"\1", match["kind"]) if table == "logs" else SPAN_KIND
    return DayPart(partition_id, kind, date.fromisoformat(match["day"]), int(rows), int(size), table)
