"""A chart as a value: what `charts.js` draws with axes, and the table that says the same. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_LEAST = 0.015
"""The least height of a bar, as a share of the greatest: one error among thousands can be seen."""


class Tone(StrEnum):
    """A colour of the page, by the name of its CSS variable."""

    INK = "ink"
    FAINT = "faint"
    LINE = "line"
    NONE = "none"
    ACCENT = "accent"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    TODO = "todo"
    RUN = "run"
    WAIT = "wait"
    DEBUG = "debug"


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A place on the time axis, and what the table and the readout say about it."""

    at: datetime
    label: str
    cells: tuple[str, ...]
    address: str = ""
    """Where a click on the place leads."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A line with one value for each row, over a band from the lowest to the highest if there is one."""

    name: str
    tone: Tone
    values: Sequence[float | None]
    lows: Sequence[float | None] = ()
    highs: Sequence[float | None] = ()
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each row that has a value; several are stacked, the first at the foot."""

    name: str
    tone: Tone
    values: Sequence[float | None]
    total: str = ""


@dataclass(frozen=True, slots=True)
class DrawnLimit:
    """A threshold across the chart."""

    tone: Tone
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class ChartMark:
    """Something that happened at a moment, or from one to another."""

    name: str
    tone: Tone
    at: datetime
    until: datetime | None = None
    said: str = ""
    """When it was, as text; for a mark that the key names by its time."""
    shade: float | None = None
    """How strongly it tints the whole height; None for a strip at the foot."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """What a colour stands for."""

    name: str
    tone: Tone
    shape: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over *start*..*end*."""

    title: str
    start: datetime
    end: datetime
    heads: tuple[str, ...]
    """The table's headings: what a row is, and what each of its cells is."""
    rows: Sequence[ChartRow]
    bars: Sequence[Bars] = ()
    lines: Sequence[ChartLine] = ()
    unit: str = ""
    limits: Sequence[DrawnLimit] = ()
    marks: Sequence[ChartMark] = ()
    facts: Sequence[tuple[str, str]] = ()
    """Figures about the whole, each with its name."""
    top: float | None = None
    """Where the axis ends, if it does not follow the values."""

    @property
    def key(self) -> list[KeyEntry]:
        """Return what the colours stand for; empty if there is only one."""
        found = dict.fromkeys(self._key())
        return list(found) if len(found) > 1 else []

    def _key(self) -> Iterator[KeyEntry]:
        yield from (KeyEntry(each.name, each.tone, "bar", each.total) for each in self.bars)
        for line in self.lines:
            yield KeyEntry(line.name, line.tone, "dashed" if line.is_dashed else "line")
        for mark in self.marks:
            yield KeyEntry(mark.name, mark.tone, "mark" if mark.until is None else "bar", mark.said)

    @property
    def drawing(self) -> Mapping[str, object]:
        """Return what the script draws, as JSON values."""
        return {
            "start": self.start.timestamp(),
            "end": self.end.timestamp(),
            "unit": self.unit,
            "top": self.top,
            "whole": all(value.is_integer() for value in self._values()),
            "times": [row.at.timestamp() for row in self.rows],
            "bars": [
                {"tone": each.tone, "values": _short(values)}
                for each, values in zip(self.bars, lifted([each.values for each in self.bars]), strict=True)
            ],
            "lines": [
                {
                    "tone": line.tone,
                    "dashed": line.is_dashed,
                    "values": _short(line.values),
                    "lows": _short(line.lows),
                    "highs": _short(line.highs),
                }
                for line in self.lines
            ],
            "limits": [asdict(limit) for limit in self.limits],
            "marks": [_mark(mark) for mark in self.marks],
        }

    def _values(self) -> Iterator[float]:
        values = [each.values for each in self.bars] + [each.values for each in self.lines]
        yield from (float(value) for each in values for value in each if value is not None)


def _mark(mark: ChartMark) -> Mapping[str, object]:
    return {
        "tone": mark.tone,
        "name": mark.name,
        "at": mark.at.timestamp(),
        "until": mark.until.timestamp() if mark.until is not None else None,
        "shade": mark.shade,
    }


def _short(values: Sequence[float | None]) -> list[float | None]:
    """Return *values* rounded to what a drawing needs."""
    return [float(f"{value:.6g}") if value is not None else None for value in values]


def lifted(stacked: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    """Return *stacked* bars with each bar high enough to be seen; no stack outgrows the highest."""
    stacks = list(zip(*stacked, strict=True))
    # If no bar has any height, all are drawn equally high.
    highest = max((sum(filter(None, stack)) for stack in stacks), default=0.0) or 1.0
    high = [_lifted(stack, highest) for stack in stacks]
    return [[stack[number] for stack in high] for number in range(len(stacked))]


def _lifted(stack: Sequence[float | None], highest: float) -> list[float | None]:
    pieces = [max(each, highest * _LEAST) if each is not None else None for each in stack]
    known = [each for each in pieces if each is not None]
    if (excess := sum(known) - highest) > 0:
        # What was added to the smallest is taken from the greatest.
        greatest = pieces.index(max(known))
        pieces[greatest] = max(known) - excess
    return pieces


def figure(value: float, unit: str = "") -> str:
    """Write *value* with two decimals at most: 1,234.5ms."""
    return f"{round(value, 2) + 0:,.2f}".rstrip("0").rstrip(".") + unit


_BYTES = {" TB": 1e12, " GB": 1e9, " MB": 1e6, " kB": 1e3, " B": 1.0}
_TIMES = {" h": 3600.0, " min": 60.0, " s": 1.0}


def bytes_scale(greatest: float) -> tuple[str, float]:
    """Return the unit of an axis up to *greatest* bytes, and how many bytes it is."""
    return _scale(greatest, _BYTES)


def length_scale(longest: timedelta) -> tuple[str, float]:
    """Return the unit of an axis up to *longest*, and how many seconds it is."""
    return _scale(longest.total_seconds(), _TIMES)


def _scale(greatest: float, units: Mapping[str, float]) -> tuple[str, float]:
    return next(((unit, size) for unit, size in units.items() if size <= greatest), list(units.items())[-1])
