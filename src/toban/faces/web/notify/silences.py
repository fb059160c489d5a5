"""Silences and announced maintenance: current, coming and past; made and ended here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.calendar.due import next_due
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify import orders
from toban.engine.notify.models import Alert, Maintenance, Silence
from toban.engine.notify.routing.silences import CLAUSE, MATCHERS
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import moment
from toban.faces.words import verdicts as words

_PAST = 50
_CONFLICT = 409
_LENGTHS = {str(each): timedelta(minutes=each) for each in (30, 60, 120, 240, 480, 1440, 4320, 10080)}
"""How long something usually lasts, by the value that the form sends; any other end is typed."""
_USUAL = "60"
_OTHERS = MATCHERS[4:]
"""Labels that few alerts have; the page asks for them last."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What an alert must have, in words."""

    label: str
    value: str
    clause_id: str = ""
    """The row, if it is about one."""


@dataclass(frozen=True, slots=True)
class ShownSilence:
    """A silence, and how many alerts it holds back now."""

    silence: Silence
    conditions: Sequence[Condition]
    holds_back: int = 0


@dataclass(frozen=True, slots=True)
class PlannedMaintenance:
    """A row of the document that plans maintenance."""

    clause: MaintenanceWindow
    next_at: datetime | None


@require_http_methods(["GET", "HEAD", "POST"])
def silences(request: HttpRequest) -> HttpResponse:
    """Show the silences; `?alert=` proposes one about an alert. POST makes one, or ends the one in `end`."""
    if request.method != "POST":
        return _silences(request, _proposed(request.GET.get("alert", "")))
    return _ordered(request, "silences", orders.end_silence, _silenced, _silences)


@require_http_methods(["GET", "HEAD", "POST"])
def maintenance(request: HttpRequest) -> HttpResponse:
    """Show planned maintenance; POST announces some, or ends the one in `end`."""
    if request.method != "POST":
        return _maintenance(request, {})
    return _ordered(request, "maintenance", orders.end_maintenance, _announced, _maintenance)


class _SilencesPage(Protocol):
    def __call__(
        self, request: HttpRequest, typed: Mapping[str, str], refused: NotPossible | None = None
    ) -> HttpResponse: ...


def _silences(
    request: HttpRequest, typed: Mapping[str, str], refused: NotPossible | None = None
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    going_on = list(Alert.objects.filter(resolved_at=None).only("clause_id", "labels"))
    context = {
        **frame(look(edition, now), "alerts"),
        "may": may_order(request.user),
        "holding": [
            _shown(each, edition, sum(each.quiet.covers(alert.clause_id, alert.labels) for alert in going_on))
            for each in Silence.objects.unended(now).order_by("ends_at", "pk")
        ],
        "past": [
            _shown(each, edition)
            for each in Silence.objects.filter(ends_at__lte=now).order_by("-ends_at", "-pk")[:_PAST]
        ],
        **_form(typed, refused),
        "lengths": list(_lengths_until(now, edition.bindings.system.zone)),
        "rows": list(_rows(edition.design.clauses, typed.get(CLAUSE, ""))),
        "known": _known(going_on),
        "others": [(name, typed.get(name, "")) for name in _OTHERS],
    }
    return render(request, "notify/silences.html", context, status=_CONFLICT if refused else 200)


def _maintenance(
    request: HttpRequest, typed: Mapping[str, str], refused: NotPossible | None = None
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    system = edition.bindings.system
    context = {
        **frame(look(edition, now), "alerts"),
        "may": may_order(request.user),
        "to_come": Maintenance.objects.unended(now).order_by("starts_at", "pk"),
        "past": Maintenance.objects.filter(ends_at__lte=now).order_by("-ends_at", "-pk")[:_PAST],
        "planned": [
            PlannedMaintenance(clause, next_due(clause, system, now))
            for clause in edition.design.of(MaintenanceWindow)
        ],
        "targets": list(edition.bindings.targets),
        "chosen": request.POST.getlist("targets"),
        **_form(typed, refused),
    }
    return render(request, "notify/maintenance.html", context, status=_CONFLICT if refused else 200)


def _form(typed: Mapping[str, str], refused: NotPossible | None) -> Mapping[str, object]:
    return {
        "typed": typed,
        "refused": words.refused(refused) if refused else None,
        "lengths": [(value, words.length(each)) for value, each in _LENGTHS.items()],
        "lasting": typed.get("lasting", _USUAL),
    }


def _proposed(number: str) -> Mapping[str, str]:
    """Return what a silence about an alert would name: its row, and its instance if it has one."""
    found = Alert.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if found is None:
        return {}
    instance = found.labels.get("instance", "")
    return {CLAUSE: found.clause_id, **({"instance": instance} if instance else {})}


def _rows(clauses: Iterable[Clause], chosen: str) -> Iterator[tuple[str, str]]:
    """Yield the rows to choose from, by id, in words; one that was proposed or typed is among them."""
    by_id = {each.id: each for each in clauses}
    if chosen and chosen not in by_id:
        yield chosen, chosen
    for each in by_id.values():
        if isinstance(each, Monitor) or each.id == chosen:
            yield each.id, f"{each.origin.line}: {each.text}"


def _known(going_on: Iterable[Alert]) -> Mapping[str, Iterable[str]]:
    """Return the values that open alerts have of each label."""
    return {name: sorted({alert.labels.get(name, "") for alert in going_on} - {""}) for name in MATCHERS[1:]}


def _lengths_until(now: datetime, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Yield the usual lengths, each with the time at which it would be over."""
    for value, each in _LENGTHS.items():
        until = words.clock(now + each, now, zone)
        yield value, _("%(length)s（%(until)s まで）") % {"length": words.length(each), "until": until}


def _shown(silence: Silence, edition: Edition, holds_back: int = 0) -> ShownSilence:
    names = {"target": _("対象"), "item": _("項目"), "instance": _("インスタンス")}
    rows = {each.id: each.text for each in edition.design.clauses}
    conditions = [
        Condition(_("文書の行"), rows.get(value, value), value)
        if name == CLAUSE
        else Condition(names.get(name, name), value)
        for name, value in silence.matchers.items()
    ]
    return ShownSilence(silence, conditions, holds_back)


def _ordered(
    request: HttpRequest,
    name: str,
    end: Callable[..., object],
    make: Callable[[HttpRequest, datetime], str],
    page: _SilencesPage,
) -> HttpResponse:
    """Carry out what the form says and show the page again; if it is refused, what was typed stays."""
    if not may_order(request.user):
        raise PermissionDenied
    now, ended = system_clock(), request.POST.get("end", "")
    try:
        if ended.isdecimal():
            end(int(ended), by=request.user.get_username(), now=now)
            messages.success(request, _("終了しました。継続中のものは、再び通知します。"))
        else:
            messages.success(request, make(request, now))
    except NotPossible as wrong:
        return page(request, request.POST.dict(), wrong)
    return redirect(name)


def _silenced(request: HttpRequest, now: datetime) -> str:
    typed = {name: request.POST.get(name, "").strip() for name in MATCHERS}
    made = orders.silence(
        {name: value for name, value in typed.items() if value},
        request.POST.get("reason", ""),
        ends_at=_end(request, now),
        by=request.user.get_username(),
        now=now,
    )
    return _("ミュートしました（ミュート %(number)d）。") % {"number": made.pk}


def _announced(request: HttpRequest, now: datetime) -> str:
    start = moment(request.POST.get("from", ""), in_force().bindings.system.zone) or now
    made = orders.announce_maintenance(
        request.POST.getlist("targets"),
        request.POST.get("reason", ""),
        starts_at=start,
        ends_at=_end(request, start),
        by=request.user.get_username(),
        now=now,
    )
    return _("メンテナンス %(number)d を登録しました。") % {"number": made.pk}


def _end(request: HttpRequest, start: datetime) -> datetime | None:
    """Return the end that was typed, else the one after the length that was chosen; None for neither."""
    chosen = request.POST.get("lasting", "")
    if typed := moment(request.POST.get("until", ""), in_force().bindings.system.zone):
        return typed
    return start + _LENGTHS[chosen] if chosen in _LENGTHS else None
