"""How often something happened day by day, as a chart. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from toban.faces.web.charts import Bars, Chart, ChartRow, Tone
from toban.faces.web.document.today import midnight_of

_HALF = timedelta(hours=12)


def daily(counts: Mapping[date, int], zone: ZoneInfo) -> Chart:
    """Draw *counts* by day, the oldest first: one day at least."""
    days = list(counts)
    return Chart(
        title=_("直近30日"),
        start=midnight_of(days[0], zone),
        end=midnight_of(days[-1] + timedelta(days=1), zone),
        heads=(_("日"), _("件数")),
        rows=[
            ChartRow(midnight_of(day, zone) + _HALF, f"{day.month}/{day.day}", (str(count),))
            for day, count in counts.items()
        ],
        bars=[Bars(_("件数"), Tone.BAD, [count or None for count in counts.values()])],
    )
