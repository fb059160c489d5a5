"""The logs of a store by kind and day: what there is of each, and how one goes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from toban.engine.telemetry import row_binary
from toban.engine.telemetry.store import Telemetry

_PARTITION = re.compile(r"\('(?P<kind>.*)','(?P<day>\d{4}-\d\d-\d\d)'\)", re.DOTALL)
_ID = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class DayPart:
    """One kind's day, as it lies in the store."""

    id: str
    """The engine's name for it."""
    kind: str
    day: date
    rows: int
    bytes: int
    """On the disk."""


class LogDays:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def parts(self) -> Sequence[DayPart]:
        """Return every kind's days; asked of the engine's own books, so it costs next to nothing."""
        self._telemetry.ensure_schema()
        rows = self._telemetry.ask(
            """SELECT partition_id, any(partition), sum(rows), sum(bytes_on_disk) FROM system.parts
            WHERE database = currentDatabase() AND table = 'logs' AND active GROUP BY partition_id""",
            {},
        )
        return [_part(*row) for row in rows]

    def oldest(self, kind: str, day: date) -> datetime | None:
        """Return the time of the oldest row of one kind's day."""
        rows = self._telemetry.ask(
            """SELECT toUnixTimestamp64Milli(min(at)), count() FROM logs
            WHERE kind = {kind:String} AND day = {day:Date}""",
            {"kind": kind, "day": day},
        )
        milliseconds, count = rows[0]
        return row_binary.moment(milliseconds) if count else None

    def delete(self, part: DayPart) -> None:
        """Delete one kind's day; deleting it again is harmless."""
        if not _ID.fullmatch(part.id):
            raise ValueError(f"{part.id!r} is no partition")
        self._telemetry.do(f"ALTER TABLE logs DROP PARTITION ID '{part.id}'", {})


def _part(partition_id: str, partition: str, rows: int, size: int) -> DayPart:
    match = _PARTITION.fullmatch(partition)
    if match is None:
        raise ValueError(f"{partition!r} is no partition of logs")
    kind = re.sub(r"\\(.)", r"\1", match["kind"])
    return DayPart(partition_id, kind, date.fromisoformat(match["day"]), int(rows), int(size))
