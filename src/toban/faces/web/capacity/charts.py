"""A resource as a chart: what it used day by day, what is forecast, its limits, and its jumps. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from toban.chapters.capacity.amounts import percent
from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.series import UsageSeries
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.stated import BYTE
from toban.faces.web.charts import (
    Chart,
    ChartLine,
    ChartMark,
    ChartRow,
    DrawnLimit,
    Tone,
    bytes_scale,
    figure,
)
from toban.message import Message

_PAST = 180
"""Days of the past that are drawn."""
_AHEAD = 90
"""Days of the forecast that are drawn, at least."""
_AFTER = 30
"""Days that are drawn after a limit is reached."""
_LEAST = 2
"""Days that a line needs."""
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class _Scale:
    """The unit of the axis, and how much of a resource's own unit it is."""

    unit: str
    size: float

    def of(self, values: Sequence[float]) -> list[float | None]:
        return [value / self.size if value == value else None for value in values]

    def said(self, value: float | None) -> str:
        return figure(value, self.unit) if value is not None else "—"


def usage_chart(
    each: KnownResource,
    past: UsageSeries | None,
    imagined: Forecast | None,
    zone: ZoneInfo,
    word: Callable[[date], str],
) -> Chart | None:
    """Draw *each*, with the forecast as people have *imagined* it; None if there is no line to draw yet."""
    made = each.outlook.forecast if each.outlook is not None else None
    if made is None and (past is None or len(past.values) < _LEAST):
        return None
    before = _newest(past)
    shown = _length(each, imagined or made)
    days = [*before, *(made.day(number) for number in range(shown))] if made is not None else [*before]
    scale = _scale(each, past, made, imagined, shown)
    known = scale.of(past.values[-len(before) :].tolist()) if past is not None and before else []
    lines = list(_lines(made, imagined, len(known), shown, scale))
    measured = ChartLine(_("実測 (日ごとの中央値)"), Tone.INK, [*known, *[None] * (len(days) - len(known))])
    rows = [
        ChartRow(_at(day, zone), word(day), tuple(scale.said(cell) for cell in cells))
        for day, cells in zip(days, _cells(measured, lines), strict=True)
    ]
    return Chart(
        title=each.resource.row.resource,
        start=_at(days[0], zone) - timedelta(hours=12),
        end=_at(days[-1], zone) + timedelta(hours=12),
        heads=_heads(lines),
        rows=rows,
        lines=[measured, *lines],
        unit=scale.unit,
        limits=_limits(each, scale),
        marks=list(_marks(made, days[0], zone, word)),
    )


def _newest(past: UsageSeries | None) -> list[date]:
    if past is None:
        return []
    count = min(len(past.values), _PAST)
    return [past.end - timedelta(days=count - number) for number in range(count)]


def _length(each: KnownResource, found: Forecast | None) -> int:
    """Return how many days ahead are drawn: until a month after the last of its limits is reached."""
    if found is None:
        return 0
    reached = (each.reaches(share, found) for share in (each.level, 1.0))
    days = [(one.on - found.first).days + _AFTER for one in reached if one is not None and one.on is not None]
    return min(max([_AHEAD, *days]), len(found.values))


def _scale(
    each: KnownResource,
    past: UsageSeries | None,
    made: Forecast | None,
    imagined: Forecast | None,
    shown: int,
) -> _Scale:
    if each.resource.unit != BYTE:
        return _Scale("", 1.0)
    highs = [float(found.high[:shown].max()) for found in (made, imagined) if found is not None and shown]
    known = [value for value in past.values.tolist() if value == value] if past is not None else []
    return _Scale(*bytes_scale(max([each.limit, *highs, *known])))


def _lines(
    made: Forecast | None, imagined: Forecast | None, before: int, shown: int, scale: _Scale
) -> Iterator[ChartLine]:
    named = ((_("予測"), Tone.ACCENT, made), (_("変えた場合"), Tone.TODO, imagined))
    for name, tone, found in named:
        if found is not None:
            values, lows, highs = (
                [*[None] * before, *scale.of(line[:shown].tolist())]
                for line in (found.values, found.low, found.high)
            )
            yield ChartLine(name, tone, values, lows, highs, is_dashed=True)


def _cells(measured: ChartLine, lines: Sequence[ChartLine]) -> Iterator[tuple[float | None, ...]]:
    columns = [measured.values]
    for line in lines:
        columns += [line.values, line.lows, line.highs]
    return zip(*columns, strict=True)


def _heads(lines: Sequence[ChartLine]) -> tuple[str, ...]:
    heads = [_("日"), _("実測")]
    for line in lines:
        heads += [line.name, _("下限 (90%)"), _("上限 (90%)")]
    return tuple(heads)


def _limits(each: KnownResource, scale: _Scale) -> list[DrawnLimit]:
    full = DrawnLimit(
        Tone.BAD,
        each.limit / scale.size,
        _("上限 %(value)s") % {"value": scale.said(each.limit / scale.size)},
    )
    if each.level >= 1:
        return [full]
    level = each.level * each.limit / scale.size
    return [DrawnLimit(Tone.WARN, level, percent(each.level)), full]


def _marks(
    made: Forecast | None, first: date, zone: ZoneInfo, word: Callable[[date], str]
) -> Iterator[ChartMark]:
    for jump in made.jumps if made is not None else ():
        if jump.on >= first:
            name = str(Message(f"capacity.jump-{jump.kind}"))
            yield ChartMark(name, Tone.RUN, _at(jump.on, zone), said=word(jump.on))


def _at(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, _NOON, zone)
