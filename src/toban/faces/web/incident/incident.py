"""One incident: its level and clocks, the steps of the flow, and everything that people do about it."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from toban.chapters.incident import reported
from toban.chapters.incident.declaring import following
from toban.chapters.incident.declaring.closing import has_approved_report, why_not_closed
from toban.chapters.incident.declaring.stages import is_signed
from toban.chapters.incident.measures.checking import recurrence_of
from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import LONGEST_WORDS
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import ORDERING, may_order
from toban.engine.people.models import Operator
from toban.faces.values.incident import ShownStep, alerts_of, measures_of, steps_of, times_of
from toban.faces.web import parts
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.incident import acting, timeline, writing
from toban.faces.web.incident.acting import OrderedAct, order_of
from toban.faces.web.incident.next_act import IncidentStanding, next_act
from toban.faces.web.incident.owed import reports_of
from toban.faces.words import verdicts as words

_CONFLICT = 409
_MOST_ALERTS, _MOST_OTHERS = 200, 50
_ACTS = {**acting.ACTS, **writing.ACTS}
PREVIEW = "preview"
"""The act that only shows what the public would read."""


@require_http_methods(["GET", "HEAD", "POST"])
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """Show incident *pk*; POST carries out the `act` of one of its forms."""
    found = incident_or_404(pk)
    if request.method != "POST":
        return _page(request, found)
    if not may_order(request.user):
        raise PermissionDenied
    name = request.POST.get("act", "")
    if name == PREVIEW:
        return _page(request, found)
    act = _ACTS.get(name)
    if act is None:
        return HttpResponse(status=400)
    try:
        done = act(OrderedAct(pk, request.POST, order_of(request), system_clock()))
    except NotPossible as exc:
        return _page(request, incident_or_404(pk), refused=exc)
    messages.success(request, done.said)
    address = reverse("incident", args=[done.incident or pk])
    return redirect(f"{address}#{done.anchor}" if done.anchor else address)


def incident_or_404(pk: int) -> Incident:
    """Return the incident, or raise `Http404`."""
    found = Incident.objects.select_related("merged_into", "recurs").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, found: Incident, *, refused: NotPossible | None = None) -> HttpResponse:
    edition, now = in_force(), system_clock()
    context = state_of(found, edition, now)

    def around() -> Mapping[str, object]:
        return {
            **frame(look(edition, now), "incidents"),
            **_forms(request, found, edition, now),
            **timeline.newest(found),
            "refused": words.refused(refused) if refused else None,
        }

    status = _CONFLICT if refused else 200
    return parts.answer(request, "incident/incident.html", "incident/_state.html", context, around, status)


def state_of(found: Incident, edition: Edition, now: datetime) -> dict[str, object]:
    """Return what the part of the page shows that changes by itself."""
    plan, times = edition.plan(OPERATION), times_of(found)
    refusal = why_not_closed(found) if found.closed_at is None else None
    return {
        "now": now,
        "zone": edition.bindings.system.zone,
        "incident": found,
        "row": next((each for each in edition.design.clauses if each.id == found.clause_id), None),
        "response": times.response(now),
        "recovery": times.recovery(now),
        "next": next_act(_standing(found)),
        "owed": words.refused(refusal) if refusal else None,
        "steps": _steps(found, plan),
        "levels": list(found.levels.order_by("-pk")[:_MOST_OTHERS]),
        "joined": alerts_of(found)[:_MOST_ALERTS],
        "joined_count": found.joined.count(),
        "uses": found.remedies.select_related("run", "alert").order_by("-pk")[:_MOST_OTHERS],
        "parts_of_it": list(found.merged.order_by("pk").values_list("pk", flat=True)[:_MOST_OTHERS]),
        "recurrences": list(found.recurrences.order_by("pk").values_list("pk", flat=True)[:_MOST_OTHERS]),
        "recurrence": recurrence_of(found).said(now) if found.recovered_at and not found.is_drill else None,
    }


def _standing(found: Incident) -> IncidentStanding:
    measures = found.measures.filter(withdrawn_at=None)
    return IncidentStanding(
        is_closed=found.closed_at is not None,
        is_led=bool(found.commander),
        is_confirmed=found.confirmed_at is not None or not found.level,
        is_recovered=found.recovered_at is not None,
        is_measured=following.is_measured(found),
        is_drill=found.is_drill,
        has_report=has_approved_report(found),
        measures=measures.count(),
        undone=measures.filter(kept_at=None).count(),
    )


def _steps(found: Incident, plan: IncidentPlan) -> list[tuple[ShownStep, bool]]:
    """Return the steps, each with whether a person signs it."""
    stages = plan.flow.stages if plan.flow is not None else ()
    return [(each, is_signed(stages, each.number)) for each in steps_of(found, plan)]


def _forms(request: HttpRequest, found: Incident, edition: Edition, now: datetime) -> Mapping[str, object]:
    """Return what the forms offer, and what somebody typed into one of them."""
    plan, is_open = edition.plan(OPERATION), found.closed_at is None
    others = Incident.objects.filter(closed_at=None, merged_into=None).exclude(pk=found.pk)
    typed = request.POST
    return {
        "may": may_order(request.user) and found.merged_into_id is None,
        "is_open": is_open,
        "is_measured": following.is_measured(found) if is_open else True,
        "known_levels": plan.levels,
        "people": _people(),
        "unsigned": [
            step for step, signed in _steps(found, plan) if signed and step.done is None and is_open
        ],
        "others": others.order_by("-pk")[:_MOST_OTHERS],
        "reported": reported.joined_to(found),
        "reports": reports_of(found, request.user, edition, now),
        "measures": measures_of(found, edition, now),
        "owners": list(edition.bindings.people),
        "typed": typed,
        "act": typed.get("act", ""),
        "chosen": typed.getlist("alerts"),
        "longest": LONGEST_WORDS,
        "timezone": edition.bindings.system.timezone,
        "note": typed.get("public", found.public_note),
        "is_preview": typed.get("act") == PREVIEW,
    }


def _people() -> QuerySet[Operator, str]:
    able = Operator.objects.filter(is_active=True, operator_role__in=ORDERING)
    return able.order_by("username").values_list("username", flat=True)[:_MOST_ALERTS]
