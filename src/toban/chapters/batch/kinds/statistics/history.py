"""The figures of past days, for pages and commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from toban.chapters.batch.kinds.statistics.figures import StatisticsFigure
from toban.chapters.batch.kinds.statistics.models import DailyFigure


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day and its figures, in the order of the query and the bindings."""

    day: date
    figures: tuple[StatisticsFigure, ...]


def works() -> Sequence[str]:
    """Return the batches that have figures."""
    return list(DailyFigure.objects.order_by("work").values_list("work", flat=True).distinct())


def history(work: str, first: date, last: date) -> list[DayRow]:
    """Return the days from *first* to *last*, both included, that were added up, the earliest first."""
    found: dict[date, list[StatisticsFigure]] = {}
    rows = DailyFigure.objects.filter(work=work, day__range=(first, last)).order_by("day", "place", "name")
    for row in rows:
        found.setdefault(row.day, []).append(StatisticsFigure(row.name, row.value, row.unit, row.coverage))
    return [DayRow(day, tuple(figures)) for day, figures in found.items()]
