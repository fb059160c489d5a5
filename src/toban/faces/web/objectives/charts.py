"""Service levels as charts: a month's error budget as it goes down, and its days as bars. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.chapters.objectives import periods, rules
from toban.chapters.objectives.rules import SliceTally
from toban.chapters.objectives.sli import Sli
from toban.faces.web.charts import Bars, Chart, ChartLine, ChartMark, ChartRow, Tone

_WHOLE = 0.995
"""A day with this known share has no gap worth drawing: a probe may miss a slice at a restart."""

_HALF_DAY = timedelta(hours=12)


class DayOutcome(StrEnum):
    """The result of a day."""

    CONFORMING = "conforming"
    PLANNED = "planned"
    """The target was missed only because of planned maintenance."""
    DEVIATING = "deviating"
    GAP = "gap"
    """Nothing is known."""


_KEPT: Mapping[DayOutcome, tuple[Promise, Tone]] = {
    DayOutcome.CONFORMING: (gettext_lazy("目標達成"), Tone.OK),
    DayOutcome.PLANNED: (gettext_lazy("計画メンテナンスによる目標未達"), Tone.TODO),
    DayOutcome.DEVIATING: (gettext_lazy("目標未達"), Tone.BAD),
}


@dataclass(frozen=True, slots=True)
class LevelChartDay:
    """A day of a month, up to today."""

    date: date
    kept: DayOutcome
    known: SliceTally
    share_known: float
    """The known share of the day, or of today so far: 0 to 1."""
    budget_left: float | None
    """The share of the month's budget left at the day's end, 0 to 1; None for an objective without one."""

    @property
    def has_gap(self) -> bool:
        """Whether part of the day is unknown."""
        return self.share_known < _WHOLE


def level_days(
    sli: Sli, first: date, days: Mapping[date, SliceTally], zone: ZoneInfo, now: datetime
) -> list[LevelChartDay]:
    """Return the days of the month from *first* on, up to today."""
    length = periods.length(periods.month_span(first, zone))
    found, so_far = [], SliceTally()
    for day in _days_of(first, now.astimezone(zone).date()):
        known = days.get(day, SliceTally())
        so_far += known
        budget = rules.budget(sli.metric, sli.limit, length, so_far)
        left = budget.share_left if budget is not None else None
        found.append(LevelChartDay(day, _kept(sli, known), known, _share(known, day, zone, now), left))
    return found


def _days_of(first: date, today: date) -> Iterator[date]:
    day = first
    while day.month == first.month and day <= today:
        yield day
        day += timedelta(days=1)


def _share(known: SliceTally, day: date, zone: ZoneInfo, now: datetime) -> float:
    start, end = periods.day_span(day, zone)
    passed = periods.length((start, min(end, now))).total_seconds()
    return min(known.covered / passed, 1.0) if passed > 0 else 0.0


def _kept(sli: Sli, known: SliceTally) -> DayOutcome:
    if known.mean is None:
        return DayOutcome.GAP
    if known.mean_unplanned is not None and not keeps(sli, known.mean_unplanned):
        return DayOutcome.DEVIATING
    return DayOutcome.CONFORMING if keeps(sli, known.mean) else DayOutcome.PLANNED


def keeps(sli: Sli, mean: float) -> bool:
    """Say whether *mean*, in the indicator's unit, meets the document's target."""
    return rules.keeps(sli.objective.target.comparison, rules.in_unit(sli.metric, mean), sli.limit)


def days_chart(
    of: str,
    days: Sequence[LevelChartDay],
    zone: ZoneInfo,
    heads: tuple[str, ...],
    said: Sequence[tuple[str, ...]],
) -> Chart:
    """Draw *days* (one at least), each as high as its known share; *said* are the table's cells for each."""
    start, end = periods.month_span(days[0].date, zone)
    known = [day.share_known * 100 if day.has_gap else 100.0 for day in days]
    return Chart(
        title=_("%(name)s、日ごと") % {"name": of},
        start=start,
        end=end,
        heads=heads,
        rows=[
            ChartRow(periods.day_span(day.date, zone)[0] + _HALF_DAY, _written(day.date), cells)
            for day, cells in zip(days, said, strict=True)
        ],
        bars=[
            *(
                Bars(
                    str(word),
                    tone,
                    [share if day.kept is kept else None for day, share in zip(days, known, strict=True)],
                )
                for kept, (word, tone) in _KEPT.items()
            ),
            Bars(_("測定なし"), Tone.LINE, [100 - share if share < 100 else None for share in known]),
        ],
        unit="%",
        marks=[
            ChartMark(_("計画メンテナンス"), Tone.INK, *periods.day_span(day.date, zone))
            for day in days
            if day.known.planned_covered > 0
        ],
        top=100,
    )


def budget_chart(of: str, days: Sequence[LevelChartDay], zone: ZoneInfo, left_now: str) -> Chart | None:
    """Draw what is left of a month's budget at the end of each of *days*; None without a budget."""
    if not days or days[0].budget_left is None:
        return None
    first = days[0].date
    start, end = month = periods.month_span(first, zone)
    dates = list(_days_of(first, date.max))
    ends = [start, *(periods.day_span(day, zone)[1] for day in dates)]
    left = [1.0, *(day.budget_left for day in days), *[None] * (len(dates) - len(days))]
    even = [1 - periods.length((start, at)) / periods.length(month) for at in ends]
    labels = [_("はじめ"), *(_("%(day)sの終わり") % {"day": _written(day)} for day in dates)]
    return Chart(
        title=_("%(name)s、今月のエラーバジェット残り") % {"name": of},
        start=start,
        end=end,
        heads=(_("日"), _("エラーバジェット残り"), _("均等に使った場合")),
        rows=[
            ChartRow(at, label, (_percent(known), _percent(pace)))
            for at, label, known, pace in zip(ends, labels, left, even, strict=True)
        ],
        lines=[
            ChartLine(_("エラーバジェット残り"), Tone.ACCENT, [share and share * 100 for share in left]),
            ChartLine(_("均等に使った場合"), Tone.FAINT, [share * 100 for share in even], is_dashed=True),
        ],
        unit="%",
        marks=[
            ChartMark(
                _("測定なし"),
                Tone.LINE,
                *periods.day_span(day.date, zone),
                shade=round(1 - day.share_known, 2),
            )
            for day in days
            if day.has_gap
        ],
        facts=[(_("エラーバジェット残り"), left_now or "—")],
        top=100,
    )


def _written(day: date) -> str:
    return f"{day.month}/{day.day}"


def _percent(share: float | None) -> str:
    return f"{share:.0%}" if share is not None else "—"
