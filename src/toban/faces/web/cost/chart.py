"""The month so far against its budget, and where it leads, as a chart. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from toban.chapters.cost.overview import BudgetLine, CostOverview
from toban.chapters.cost.spending.forecast import last_of
from toban.chapters.cost.spending.money import shown
from toban.faces.web.charts import Chart, ChartLine, ChartRow, DrawnLimit, Tone

_DAY = timedelta(days=1)
_LEAST = 2
"""Days that a line needs."""
_NOON = time(12)


def month_chart(found: CostOverview, line: BudgetLine, zone: ZoneInfo) -> Chart | None:
    """Draw the sums of the total day by day; None if there is no line to draw yet."""
    if len(found.days) < _LEAST or line.found.currency != found.currency:
        return None
    ends = last_of(found.first)
    days = [found.first + number * _DAY for number in range(ends.day)]
    sums = _sums(found, days)
    even = _even(line, days)
    lines = [ChartLine(_("累計"), Tone.INK, [_drawn(each) for each in sums])]
    if line.found.monthly is not None:
        lines.append(ChartLine(_("均等な消化"), Tone.FAINT, [_drawn(each) for each in even], is_dashed=True))
    ahead = _ahead(line, days, sums)
    if any(each is not None for each in ahead):
        lines.append(ChartLine(_("予測"), Tone.ACCENT, [_drawn(each) for each in ahead], is_dashed=True))
    columns = [
        sums,
        *([even] if line.found.monthly is not None else []),
        *([ahead] if len(lines) == 3 else []),
    ]
    rows = [
        ChartRow(
            datetime.combine(day, _NOON, zone),
            f"{day:%Y-%m-%d}",
            tuple(_said(column[number], found.currency) for column in columns),
        )
        for number, day in enumerate(days)
    ]
    return Chart(
        title=f"{line.row.item} {found.first:%Y-%m}",
        start=datetime.combine(days[0], time(0), zone),
        end=datetime.combine(ends, time(0), zone) + _DAY,
        heads=(_("日"), *(each.name for each in lines)),
        rows=rows,
        lines=lines,
        unit=found.currency,
        limits=list(_limits(line)),
    )


def _sums(found: CostOverview, days: Sequence[date]) -> list[Decimal | None]:
    newest, whole = max(found.days), Decimal(0)
    sums: list[Decimal | None] = []
    for day in days:
        whole += found.days.get(day, Decimal(0))
        sums.append(whole if day <= newest else None)
    return sums


def _even(line: BudgetLine, days: Sequence[date]) -> list[Decimal | None]:
    monthly = line.found.monthly
    return [monthly * day.day / days[-1].day if monthly is not None else None for day in days]


def _ahead(line: BudgetLine, days: Sequence[date], sums: Sequence[Decimal | None]) -> list[Decimal | None]:
    """Return the straight way from what is known to the forecast of the month's end."""
    month = line.found.month
    if month.forecast is None or month.until is None:
        return [None] * len(days)
    known, rest = sums[month.until.day - 1], days[-1].day - month.until.day
    if known is None or not rest:
        return [None] * len(days)
    step = (month.forecast - known) / rest
    return [known + step * (day - month.until).days if day >= month.until else None for day in days]


def _limits(line: BudgetLine) -> list[DrawnLimit]:
    found = line.found
    limits = []
    if found.monthly is not None:
        limits.append(
            DrawnLimit(
                Tone.WARN, float(found.monthly), _("予算 %(value)s") % {"value": found.said(found.monthly)}
            )
        )
    if found.limit is not None:
        limits.append(
            DrawnLimit(
                Tone.BAD, float(found.limit), _("しきい値 %(value)s") % {"value": found.said(found.limit)}
            )
        )
    return limits


def _drawn(amount: Decimal | None) -> float | None:
    """Return where *amount* is drawn: pixels need no exact yen."""
    return float(amount) if amount is not None else None


def _said(amount: Decimal | None, currency: str) -> str:
    return shown(amount, currency) if amount is not None else "—"
