"""How large full backups are, as a chart."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from toban.chapters.backup.models import Backup
from toban.engine import amounts
from toban.faces.web.charts import Bars, Chart, ChartRow, Tone, bytes_scale


def sizes(fulls: Sequence[Backup], clock: Callable[[datetime], str]) -> Chart | None:
    """Draw *fulls*, oldest first; None for fewer than two, which show no change."""
    if len(fulls) <= 1:
        return None
    unit, size = bytes_scale(max(each.stored_bytes for each in fulls))
    # Half a bar's room at both ends.
    margin = max((fulls[-1].ended_at - fulls[0].ended_at) / (2 * len(fulls)), timedelta(minutes=1))
    return Chart(
        title=_("フル、古い順"),
        start=fulls[0].ended_at - margin,
        end=fulls[-1].ended_at + margin,
        heads=(_("終了"), _("大きさ")),
        rows=[
            ChartRow(
                each.ended_at,
                clock(each.ended_at),
                (amounts.size(each.stored_bytes),),
                reverse("backup", args=[each.pk]),
            )
            for each in fulls
        ],
        bars=[Bars(_("大きさ"), Tone.RUN, [each.stored_bytes / size for each in fulls])],
        unit=unit,
    )
