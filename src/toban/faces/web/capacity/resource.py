"""One resource: its chart with the forecast, and what people ask of it."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.capacity.amounts import amount, percent
from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.series import UsageSeries
from toban.chapters.capacity.known import KnownResource, known
from toban.chapters.capacity.measuring.history import days_of
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import CapacityPlan
from toban.chapters.capacity.what_ifs import WhatIf, imagined
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.values.capacity import levels, resource_named
from toban.faces.web.capacity.charts import usage_chart
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import is_fragment
from toban.faces.words import verdicts as words
from toban.message import NOTHING, Message, plain

_FIELDS = ("add", "load", "growth", "on")
_LONGEST = 100
_CONFLICT = 409


@require_safe
def resource(request: HttpRequest) -> HttpResponse:
    """Show the resource `resource` with its chart; `add`, `load`, `growth`, `on`: what if.

    The page's script gets the part alone.
    """
    edition, now = in_force(), system_clock()
    plan, typed = (
        edition.plan(OPERATION),
        {name: request.GET.get(name, "").strip()[:_LONGEST] for name in _FIELDS},
    )
    around = {} if is_fragment(request) else frame(look(edition, now), "capacity")
    template = "capacity/_resource.html" if is_fragment(request) else "capacity/resource.html"
    try:
        each = resource_named(known(plan), plan, request.GET.get("resource", ""))
    except NotPossible as exc:
        return render(request, template, {**around, "refused": words.refused(exc)}, status=_CONFLICT)
    today, asked = now.astimezone(plan.system.zone).date(), WhatIf(**typed)
    refused, changed = None, None
    try:
        changed = imagined(each, asked, today) if asked else None
    except NotPossible as exc:
        refused = words.refused(exc)
    context = {
        **around,
        **_context(each, plan, changed),
        "typed": typed,
        "refused": refused,
        "now": now,
        "zone": plan.system.zone,
    }
    return render(
        request, template, context, status=_CONFLICT if refused and not is_fragment(request) else 200
    )


def _context(each: KnownResource, plan: CapacityPlan, changed: Forecast | None) -> dict[str, object]:
    """Return what is known of *each*, and what would be by the forecast as people have *changed* it."""
    past, trouble = _past(each, plan)
    outlook = each.outlook
    forecast = outlook.forecast if outlook is not None else None
    imagined_levels = levels(each, changed) if changed is not None else ()
    return {
        "each": each,
        "name": each.resource.row.resource,
        "chart": usage_chart(each, past, changed, plan.system.zone, _day),
        "trouble": trouble,
        "words": each.words,
        "method": Message(f"capacity.method-{forecast.method}") if forecast is not None else None,
        "error": percent(forecast.error) if forecast is not None else "",
        "made_at": outlook.made_at if outlook is not None else None,
        "jumps": [
            (jump.on, Message(f"capacity.jump-{jump.kind}"), amount(abs(jump.size), each.resource.unit))
            for jump in (forecast.jumps if forecast is not None else ())
        ],
        "levels": [(percent(level.share), level.reach) for level in levels(each)],
        "imagined": [(percent(level.share), level.reach) for level in imagined_levels],
        "parts": _parts(each),
        "example": "200GB" if each.resource.unit else "2",
    }


def _past(each: KnownResource, plan: CapacityPlan) -> tuple[UsageSeries | None, Message]:
    name = each.resource.row.resource
    try:
        return days_of(telemetry(), [name], plan.system, system_clock()).get(name), NOTHING
    except (StoreUnavailable, StoreRefused):
        return None, Message("capacity.no-store")


def _parts(each: KnownResource) -> list[tuple[Message, str]]:
    """Return what the use consists of, the greatest first."""
    parts = each.reading.parts if each.reading is not None else {}
    found = sorted(parts.items(), key=lambda part: -part[1])
    return [(plain(name), amount(value, each.resource.unit)) for name, value in found]


def _day(day: date) -> str:
    return f"{day.year}/{day.month}/{day.day}"
