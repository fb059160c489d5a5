"""Verdicts, times and durations as the page says them, in the reader's language."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.engine import amounts
from toban.engine.amounts import Unit
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.said import Said

WORDS: dict[Verdict, Promise] = {
    Verdict.CONFORMING: gettext_lazy("適合"),
    Verdict.WARNING: gettext_lazy("警告"),
    Verdict.DEVIATING: gettext_lazy("逸脱"),
    Verdict.NOT_PERFORMED: gettext_lazy("未実施"),
    Verdict.NOT_MEASURABLE: gettext_lazy("測定不能"),
    Verdict.UNBOUND: gettext_lazy("未接続"),
}

_SECOND, _TEN_SECONDS, _MINUTE = timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1)
_UNITS: dict[Unit, Promise] = {
    Unit.DAY: gettext_lazy("%(count)s日"),
    Unit.HOUR: gettext_lazy("%(count)s時間"),
    Unit.MINUTE: gettext_lazy("%(count)s分"),
    Unit.SECOND: gettext_lazy("%(count)s秒"),
}


class OrderRefusal(NamedTuple):
    """Why an order is not carried out, with a hint."""

    what: str
    hint: str
    """Empty if there is none."""

    def __str__(self) -> str:
        if not self.hint:
            return self.what
        return _("%(what)s。%(hint)s。") % self._asdict()


def told(said: Said) -> str:
    """Return what the engine says, in the active language if the catalogue has it."""
    # Under the empty text, a catalogue has its own header.
    return str(Said(_(said.text), said.values)) if said.text else ""


def refused(wrong: NotPossible) -> OrderRefusal:
    """Say why an order is not possible."""
    return OrderRefusal(told(wrong.said), told(wrong.way_out))


_UNIT_WORDS: dict[str, Promise] = {
    **{str(unit): word for unit, word in _UNITS.items()},
    "件": gettext_lazy("%(count)s件"),
}
_ABOUT: dict[str, Promise] = {
    str(Unit.DAY): gettext_lazy("約%(count)s日"),
    str(Unit.HOUR): gettext_lazy("約%(count)s時間"),
    str(Unit.MINUTE): gettext_lazy("約%(count)s分"),
    str(Unit.SECOND): gettext_lazy("約%(count)s秒"),
}
_ROUNDED = re.compile(r"約(\d+)(日|時間|分|秒)")
_COUNTED = re.compile(r"(\d[\d.,]*)(日|時間|分|秒|件)")
_AMOUNT = re.compile(rf"-?(?:{_COUNTED.pattern}){{1,2}}(?: \(-?\d+%\))?")


def length(span: timedelta) -> str:
    """Say how long *span* is, in its two largest units at most: 3日2時間, 12分, 1分未満."""
    return _("1分未満") if span < _MINUTE else _said(span // _MINUTE * _MINUTE)


def took(span: timedelta) -> str:
    """Say how long something took, to the second: 0.4秒, 12秒, 3分20秒, 1時間5分."""
    if span < _TEN_SECONDS:
        return _("%(count)s秒") % {"count": f"{span / _SECOND:.1f}"}
    return _said(span)


def _said(span: timedelta) -> str:
    greater, *rest = [str(_UNITS[unit]) % {"count": count} for count, unit in amounts.parts(span)]
    return _("%(greater)s%(lesser)s") % {"greater": greater, "lesser": rest[0]} if rest else greater


def amount(written: str) -> str:
    """Translate 43分12秒, 約5時間 or 37件 as the engine writes them, also with a share; all else stays."""
    rounded = _ROUNDED.fullmatch(written)
    if rounded is not None:
        return str(_ABOUT[rounded[2]]) % {"count": rounded[1]}
    if not _AMOUNT.fullmatch(written):
        return written
    parts = [str(_UNIT_WORDS[unit]) % {"count": count} for count, unit in _COUNTED.findall(written)]
    said = _("%(greater)s%(lesser)s") % {"greater": parts[0], "lesser": parts[1]} if parts[1:] else parts[0]
    sign, share = "-" * written.startswith("-"), written.partition(" ")[2]
    return f"{sign}{said} {share}".rstrip()


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
