"""The period for which an alert is drawn, and its moments."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from toban.engine.notify.models import Alert
from toban.faces.web.charts import ChartMark, Tone

_LEAST_BEFORE = timedelta(minutes=30)
_LEAST_AFTER = timedelta(minutes=15)


def span(began_at: datetime, ended_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the period to draw: the alert in the middle, with half its length on both sides."""
    margin = ((ended_at or now) - began_at) / 2
    start = began_at - max(margin, _LEAST_BEFORE)
    end = now if ended_at is None else min(now, ended_at + max(margin, _LEAST_AFTER))
    return start, end


def moments(alert: Alert, clock: Callable[[datetime], str]) -> list[ChartMark]:
    """Return when the value left its range, when that was noticed, and when it was over."""
    found = [
        (_("しきい値を超過"), Tone.BAD, alert.began_at),
        (_("検知した"), Tone.TODO, alert.opened_at),
        (_("復旧"), Tone.OK, alert.resolved_at),
    ]
    return [ChartMark(name, tone, at, said=clock(at)) for name, tone, at in found if at is not None]
