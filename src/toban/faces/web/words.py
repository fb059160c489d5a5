"""Verdicts, times and durations as the page says them, in the reader's language."""

from datetime import datetime, timedelta, tzinfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.engine.evidence.verdict import Verdict

WORDS: dict[Verdict, Promise] = {
    Verdict.CONFORMING: gettext_lazy("適合"),
    Verdict.WARNING: gettext_lazy("警告"),
    Verdict.DEVIATING: gettext_lazy("逸脱"),
    Verdict.NOT_PERFORMED: gettext_lazy("未実施"),
    Verdict.NOT_MEASURABLE: gettext_lazy("測定不能"),
    Verdict.UNBOUND: gettext_lazy("未接続"),
}

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def length(span: timedelta) -> str:
    """Say how long *span* is, in its two largest units at most: 3日2時間, 12分, 1分未満."""
    if span < _MINUTE:
        return _("1分未満")
    if span < _HOUR:
        return _("%(minutes)d分") % {"minutes": span // _MINUTE}
    if span < _DAY:
        return _("%(hours)d時間%(minutes)d分") % {"hours": span // _HOUR, "minutes": span % _HOUR // _MINUTE}
    return _("%(days)d日%(hours)d時間") % {"days": span // _DAY, "hours": span % _DAY // _HOUR}


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Write *moment* in the document's *zone*: the time alone today, else with its date."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year == today.year:
        return f"{local.month}/{local.day} {local:%H:%M}"
    return f"{local.year}/{local.month}/{local.day} {local:%H:%M}"


def since(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Say since when, absolutely and relatively."""
    return _("%(clock)sから（%(length)s）") % {
        "clock": clock(moment, now, zone),
        "length": length(max(now - moment, timedelta())),
    }


def due(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Say when something comes next."""
    if moment <= now:
        return _("予定 %(clock)s（%(length)s経過）") % {
            "clock": clock(moment, now, zone),
            "length": length(now - moment),
        }
    return _("次回 %(clock)s（%(length)s後）") % {
        "clock": clock(moment, now, zone),
        "length": length(moment - now),
    }
