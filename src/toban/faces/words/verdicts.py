"""Verdicts, times and durations as the page says them, in the reader's language."""

from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.engine import amounts
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.message import Message

WORDS: dict[Verdict, Promise] = {
    Verdict.CONFORMING: gettext_lazy("適合"),
    Verdict.WARNING: gettext_lazy("警告"),
    Verdict.DEVIATING: gettext_lazy("逸脱"),
    Verdict.NOT_PERFORMED: gettext_lazy("未実施"),
    Verdict.NOT_MEASURABLE: gettext_lazy("測定不能"),
    Verdict.BETWEEN: gettext_lazy("注意域"),
    Verdict.UNBOUND: gettext_lazy("未接続"),
    Verdict.BETWEEN: gettext_lazy("注意域"),
    Verdict.NOT_DUE: gettext_lazy("期限前"),
    Verdict.DECLARED: gettext_lazy("宣言のみ"),
}

_SECOND, _TEN_SECONDS, _MINUTE = timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1)


class OrderRefusal(NamedTuple):
    """Why an order is not carried out, with a hint."""

    what: Message
    hint: Message

    def __str__(self) -> str:
        if not self.hint:
            return str(self.what)
        return _("%(what)s。%(hint)s。") % self._asdict()


def refused(wrong: NotPossible) -> OrderRefusal:
    """Say why an order is not possible."""
    return OrderRefusal(wrong.said, wrong.hint)


def length(span: timedelta) -> str:
    """Say how long *span* is, in its two largest units at most: 3日2時間, 12分, 1分未満."""
    return _("1分未満") if span < _MINUTE else str(amounts.length(span // _MINUTE * _MINUTE))


def took(span: timedelta) -> str:
    """Say how long something took, to the second: 0.4秒, 12秒, 3分20秒, 1時間5分."""
    if span < _TEN_SECONDS:
        # Two clocks may differ by a moment: nothing takes less than no time.
        return str(Message("common.seconds", count=f"{max(span, timedelta()) / _SECOND:.1f}"))
    return str(amounts.length(span))


def relative(moment: datetime, now: datetime) -> str:
    """Say how far *moment* is from *now*: 3日2時間前, たった今, 12分後."""
    if timedelta() <= now - moment < _MINUTE:
        return _("たった今")
    if moment <= now:
        return _("%(length)s前") % {"length": length(now - moment)}
    return _("%(length)s後") % {"length": length(moment - now)}


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Write *moment* in the document's *zone*: only the time if it is today, else with its date."""
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
