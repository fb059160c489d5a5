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

_SECOND, _MINUTE, _HOUR, _DAY = (
    timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1),
)  # fmt: skip
_TEN_SECONDS = timedelta(seconds=10)
_THOUSAND = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def length(span: timedelta) -> str:
    """Say how long *span* is, in its two largest units at most: 3日2時間, 12分, 1分未満."""
    if span < _MINUTE:
        return _("1分未満")
    if span < _HOUR:
        return _minutes(span)
    if span < _DAY:
        minutes = span % _HOUR // _MINUTE
        if not minutes:
            return _hours(span)
        return _("%(hours)d時間%(minutes)d分") % {"hours": span // _HOUR, "minutes": minutes}
    hours = span % _DAY // _HOUR
    if not hours:
        return _("%(days)d日") % {"days": span // _DAY}
    return _("%(days)d日%(hours)d時間") % {"days": span // _DAY, "hours": hours}


def _hours(span: timedelta) -> str:
    return _("%(hours)d時間") % {"hours": span // _HOUR}


def _minutes(span: timedelta) -> str:
    return _("%(minutes)d分") % {"minutes": span // _MINUTE}


def took(span: timedelta) -> str:
    """Say how long something took, to the second: 0.4秒, 12秒, 3分20秒, 1時間5分."""
    if span < _TEN_SECONDS:
        return _("%(seconds)s秒") % {"seconds": f"{span / _SECOND:.1f}"}
    if span < _MINUTE:
        return _("%(seconds)s秒") % {"seconds": span // _SECOND}
    seconds = span % _MINUTE // _SECOND
    if span >= _HOUR or not seconds:
        return length(span)
    return _("%(minutes)d分%(seconds)d秒") % {"minutes": span // _MINUTE, "seconds": seconds}


def relative(moment: datetime, now: datetime) -> str:
    """Say how far *moment* is from *now*: 3日2時間前, 12分後."""
    if moment <= now:
        return _("%(length)s前") % {"length": length(now - moment)}
    return _("%(length)s後") % {"length": length(moment - now)}


def size(count: int) -> str:
    """Write a number of bytes in units of a thousand, as stores bill them: 1.2 GB."""
    amount = float(count)
    for unit in _UNITS:
        if amount < _THOUSAND or unit == _UNITS[-1]:
            break
        amount /= _THOUSAND
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


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
