"""Charts of runs: a day as lanes of bars, and how long the last ones took. Lengths are in SVG units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.urls import reverse
from django.utils.translation import gettext as _

from toban.engine.runs.models import Run
from toban.faces.web.charts import Bars, Chart, ChartRow, DrawnLimit, Tone, length_scale
from toban.faces.words import verdicts as words
from toban.faces.words.runs import RunStatus, standing

DAY_WIDTH = 1440
_NARROWEST = 5
"""The least width of a bar: a short run can still be seen and clicked."""

_TONES = {
    RunStatus.DONE: Tone.OK,
    RunStatus.FAILED: Tone.BAD,
    RunStatus.MISSED: Tone.TODO,
    RunStatus.SKIPPED: Tone.TODO,
    RunStatus.CANCELLED: Tone.TODO,
}


@dataclass(frozen=True, slots=True)
class DayBar:
    """A run, or a time that is still to come."""

    x: int
    width: int
    kind: str
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class ChartDay:
    """A day from midnight to midnight; the clock may be set back or forward within it."""

    start: datetime
    end: datetime

    def place(self, moment: datetime) -> int:
        """Return the position of *moment*; outside the day, that of the nearest edge."""
        share = (moment - self.start) / (self.end - self.start)
        return round(min(max(share, 0.0), 1.0) * DAY_WIDTH)

    def holds(self, moment: datetime) -> bool:
        """Whether *moment* is within the day."""
        return self.start <= moment < self.end


def began(run: Run) -> datetime:
    """Return when *run* began, or should begin."""
    return run.began_at or run.due_at


def touches(run: Run, day: ChartDay, now: datetime) -> bool:
    """Say whether *run* has anything to do with *day*."""
    return began(run) < day.end and (_ended(run, now) >= day.start or day.holds(run.due_at))


def _ended(run: Run, now: datetime) -> datetime:
    if run.began_at is None:
        return run.due_at
    return run.ended_at or now


def run_bar(run: Run, day: ChartDay, now: datetime, title: str) -> DayBar:
    """Draw *run* from its start to its end; a run that never began becomes a mark at its due time."""
    first, last = day.place(began(run)), day.place(_ended(run, now))
    width = max(last - first, _NARROWEST)
    # A mark at the day's very end stays within it.
    x = min(first, DAY_WIDTH - width)
    return DayBar(x, width, standing(run).value, title, reverse("run", args=[run.pk]))


def planned_bars(due: Iterable[tuple[datetime, str]], day: ChartDay, address: str) -> list[DayBar]:
    """Draw times to come, each with its title."""
    return [
        DayBar(
            min(day.place(moment), DAY_WIDTH - _NARROWEST),
            _NARROWEST,
            RunStatus.PLANNED.value,
            title,
            address,
        )
        for moment, title in due
    ]


def length_of(run: Run) -> timedelta | None:
    """Return how long *run* took, from the start of its first attempt to its end; None while it is open."""
    return run.ended_at - run.began_at if run.began_at and run.ended_at else None


def usual_length(runs: Iterable[Run]) -> timedelta | None:
    """Return the median length of those of *runs* that succeeded; None if none did."""
    done = (length_of(run) for run in runs if run.state == Run.State.DONE)
    lengths = [length for length in done if length is not None]
    return median_length(lengths) if lengths else None


def median_length(lengths: Iterable[timedelta]) -> timedelta:
    """Return the median of one length or more."""
    return timedelta(seconds=median(length.total_seconds() for length in lengths))


def durations(runs: Sequence[Run], titles: Sequence[str]) -> Chart | None:
    """Draw *runs*, oldest first, each with its title; a run that never began is a mark on the axis."""
    if not runs:
        return None
    lengths = [length_of(run) for run in runs]
    longest = max((length for length in lengths if length is not None), default=None)
    usual = usual_length(runs)
    unit, seconds = length_scale(longest or timedelta())
    # Half a bar's room at both ends.
    margin = max((runs[-1].due_at - runs[0].due_at) / (2 * len(runs)), timedelta(minutes=1))
    stands = [standing(run) for run in runs]
    heights = [(length or timedelta()).total_seconds() / seconds for length in lengths]
    return Chart(
        title=_("直近の %(count)s 回、古い順") % {"count": len(runs)},
        start=runs[0].due_at - margin,
        end=runs[-1].due_at + margin,
        heads=(_("実行"), _("所要時間")),
        rows=[
            ChartRow(
                run.due_at, title, (words.took(length) if length else "—",), reverse("run", args=[run.pk])
            )
            for run, title, length in zip(runs, titles, lengths, strict=True)
        ],
        bars=[
            Bars(
                f"{each.mark} {each.word}",
                _TONES.get(each, Tone.WAIT),
                [height if each is stood else None for height, stood in zip(heights, stands, strict=True)],
            )
            for each in dict.fromkeys(stands)
        ],
        unit=unit,
        limits=[DrawnLimit(Tone.INK, usual.total_seconds() / seconds, _("通常"))] if usual else (),
        facts=[
            (word, words.took(length))
            for word, length in ((_("最長"), longest), (_("通常（成功の中央値）"), usual))
            if length is not None
        ],
    )
