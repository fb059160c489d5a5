"""Log rows, ready to be shown: in the list, alone, and as they come in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from toban.engine.telemetry.logs.search import FoundRow
from toban.engine.telemetry.spans.search import TRACE_ID
from toban.faces.logs.choice import place_text
from toban.faces.words.logs import request_text

_LEVELS = frozenset(("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE"))


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row in a list."""

    row: FoundRow
    place: str
    day: str
    clock: str
    """To the millisecond, in the document's zone."""
    kind: str
    """How its level is drawn."""
    request: str
    """An access log's figures: `GET /orders 500 12ms`."""
    trace: str
    """The id of its trace; empty if it has no valid one."""


def shown(rows: Iterable[FoundRow], zone: ZoneInfo) -> Iterator[ShownRow]:
    """Yield *rows* as they are shown."""
    for row in rows:
        local = row.at.astimezone(zone)
        yield ShownRow(
            row=row,
            place=place_text(row.place),
            day=f"{local.year}/{local.month}/{local.day}",
            clock=f"{local:%H:%M:%S}.{local.microsecond // 1000:03}",
            kind=row.level.lower() if row.level in _LEVELS else "other",
            request=request_text(row),
            trace=row.trace_id.lower() if TRACE_ID.fullmatch(row.trace_id) else "",
        )
