"""The open incidents with their clocks, those that are closed, and how fast they were answered and over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from toban.chapters.incident.clocks.rules import Clock
from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.clock import system_clock
from toban.engine.people.access import may_order
from toban.faces.values.incident import figures_of, times_of
from toban.faces.values.incident import incidents as listed_incidents
from toban.faces.web import parts
from toban.faces.web.frame import frame, in_force, look
from toban.message import Message

_PER_PAGE, _MOST_OPEN, _MONTHS = 50, 200, 6


@dataclass(frozen=True, slots=True)
class ListedIncident:
    """An incident with both clocks."""

    incident: Incident
    response: Clock
    recovery: Clock


@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """List the incidents, of one `?level=` if it is given; the closed ones page by page."""
    edition, now = in_force(), system_clock()
    plan, level = edition.plan(OPERATION), request.GET.get("level", "")
    found = listed_incidents().order_by("-detected_at", "-pk")
    found = found.filter(level=level) if level else found
    page = Paginator(found.exclude(closed_at=None), _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "open": shown(found.filter(closed_at=None)[:_MOST_OPEN], now),
        "closed": shown(page, now),
        "page": page,
        "level": level,
        "query": urlencode({"level": level}) if level else "",
    }

    def around() -> Mapping[str, object]:
        return {
            **frame(look(edition, now), "incidents"),
            "heading": Message("incident.page"),
            "game_days": Message("incident-gameday.page"),
            "may": may_order(request.user),
            "levels": [each.name for each in plan.levels],
            "is_empty": not plan.levels and plan.flow is None,
            "months": _months(plan, now),
        }

    return parts.answer(request, "incident/incidents.html", "incident/_incidents.html", context, around)


def shown(found: Iterable[Incident], now: datetime) -> Sequence[ListedIncident]:
    """Return each incident with its clocks as they are *now*."""
    clocks = ((each, times_of(each)) for each in found)
    return [ListedIncident(each, times.response(now), times.recovery(now)) for each, times in clocks]


def _months(plan: IncidentPlan, now: datetime) -> Mapping[str, object]:
    """Return the figures of the last months, by month, level and known failure; nothing without incidents."""
    found = figures_of(plan, now, _MONTHS)
    if not found.whole.count:
        return {}
    return {
        "by_month": [(f"{month:%Y-%m}", each) for month, each in found.by_month.items()],
        "by_level": list(found.by_level.items()),
        "by_pattern": list(found.by_pattern.items()),
    }
