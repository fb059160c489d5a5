"""How many rows there are by time and level, as a chart. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from toban.engine.telemetry.logs.search import TimeSpan
from toban.faces.logs.levels import LEVELS
from toban.faces.web.charts import Bars, Chart, ChartRow, Tone
from toban.faces.words.verdicts import took

_TONES = {
    "CRITICAL": Tone.TODO,
    "ERROR": Tone.BAD,
    "WARNING": Tone.WARN,
    "INFO": Tone.RUN,
    "DEBUG": Tone.DEBUG,
    "TRACE": Tone.DEBUG,
}


def histogram(
    found: Mapping[tuple[datetime, str], int],
    span: TimeSpan,
    step: timedelta,
    clock: Callable[[datetime], str],
    narrowed: Callable[[datetime, datetime], str],
) -> Chart:
    """Draw what was *found* by time and level, in steps of *step* over *span*.

    *clock* writes a time, *narrowed* returns the address of one step's rows.
    """
    by_time: dict[datetime, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for (at, level), count in found.items():
        by_time.setdefault(at, Counter())[level] += count
        totals[level] += count
    steps = [(at, min(at + step, span.end), by_time.get(at, Counter())) for at in _times(span, step)]
    return Chart(
        title=_("%(count)s行") % {"count": totals.total()},
        start=span.start,
        end=span.end,
        heads=(_("時刻"), _("行"), _("レベル")),
        rows=[
            ChartRow(
                start + (end - start) / 2,
                f"{clock(start)}–{clock(end)}",
                (
                    str(counts.total()),
                    ", ".join(f"{level or '—'} {counts[level]}" for level in _ordered(counts)),
                ),
                narrowed(start, end),
            )
            for start, end, counts in steps
        ],
        bars=[
            Bars(
                level or "—",
                _TONES.get(level, Tone.NONE),
                [counts[level] or None for _start, _end, counts in steps],
                str(totals[level]),
            )
            for level in _ordered(totals)
        ],
        facts=[(_("棒1本の幅"), took(step))],
    )


def _times(span: TimeSpan, step: timedelta) -> Iterator[datetime]:
    at = span.start
    while at < span.end:
        yield at
        at += step


def _ordered(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda level: (_rank(level), level))


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
