"""All environments with what serves there, the newest releases, and the orders: plan, roll back, lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.orders import ReleaseOrder
from toban.chapters.release.ordering.planning import (
    Draft,
    Wish,
    deployment_named,
    draft,
    newest_served,
    open_release,
)
from toban.chapters.release.rows.looking import differs
from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.faces.values.release import digest_of
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import moment
from toban.faces.web.release import dates, figures
from toban.faces.words import verdicts as words
from toban.message import Message

_PER_PAGE = 50
_CONFLICT = 409
_LONGEST = 500
_LONGEST_NUMBER = 18
"""Digits that every database takes."""
_FIELDS = ("environment", "version", "cause", "at", "despite")


@dataclass(frozen=True, slots=True)
class EnvironmentCard:
    """One environment, as it stands."""

    deployment: Deployment
    serving: Release | None
    """The release (or rollback) that serves, by the ledger."""
    coming: Release | None
    """What is planned or under way."""
    differs: Message
    """What the last look at its instances found otherwise; nothing if nothing."""
    lock: DeploymentLock | None
    undoes: Release | None
    """What going back would undo."""


@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: HttpRequest) -> HttpResponse:
    """Show what serves where, and all releases; POST orders by the form's `act`: rollback, lock, unlock."""
    if request.method != "POST":
        return _page(request)
    if not may_order(request.user):
        raise PermissionDenied
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    try:
        deployment = deployment_named(plan, request.POST.get("deployment", ""))
        return _ordered(request, deployment, ReleaseOrder(giver_of(request), edition, plan), now)
    except NotPossible as exc:
        return _page(request, refused=exc)


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """Show what a release would bring, from `environment`, `version`, `cause`, `at`; POST plans it."""
    if not may_order(request.user):
        raise PermissionDenied
    edition, now = in_force(), system_clock()
    found = edition.plan(OPERATION)
    typed = _typed(request)
    try:
        made = draft(edition, found, _wish(typed, edition), home=settings.HOME, now=now)
    except NotPossible as exc:
        return _page(request, refused=exc, typed=typed)
    if request.method != "POST" or request.POST.get("shown") != digest_of(made):
        is_changed = request.method == "POST"
        return _draft_page(request, made, typed, is_changed=is_changed)
    try:
        release = orders.order_release(made, ReleaseOrder(giver_of(request), edition, found), now)
    except NotPossible as exc:
        return _draft_page(request, made, typed, refused=exc)
    messages.success(request, _("リリース #%(number)s を予定しました。") % {"number": release.pk})
    return redirect("release", release.pk)


def giver_of(request: HttpRequest) -> Giver:
    """Return who gives an order by *request*."""
    return Giver(Operator.objects.get(username=request.user.get_username()))


def _ordered(
    request: HttpRequest, deployment: Deployment, order: ReleaseOrder, now: datetime
) -> HttpResponse:
    reason = request.POST.get("reason", "")[:_LONGEST]
    match request.POST.get("act"):
        case "rollback":
            seen = request.POST.get("undoes", "")
            # What is no number is none that was shown.
            number = int(seen) if seen.isdecimal() and len(seen) <= _LONGEST_NUMBER else 0
            release = orders.roll_back(deployment, reason, order, now, shown=number if seen else None)
            if release.decided_at is not None:
                said = _("%(version)s への切り戻しを始めます。")
            else:
                said = _("%(version)s への切り戻しに承認を求めます。")
            messages.success(request, said % {"version": release.artifact.label})
            return redirect("release", release.pk)
        case "lock":
            orders.lock(deployment, reason, order.by, now)
            messages.success(request, _("ロックしました。"))
        case "unlock":
            orders.unlock(deployment, order.by, now)
            messages.success(request, _("ロックを外しました。"))
        case _:
            return HttpResponse(status=400)
    return redirect("releases")


def _typed(request: HttpRequest) -> Mapping[str, str]:
    given = request.POST if request.method == "POST" else request.GET
    return {name: given.get(name, "").strip()[:_LONGEST] for name in _FIELDS}


def _wish(typed: Mapping[str, str], edition: Edition) -> Wish:
    at = moment(typed["at"], edition.bindings.system.zone) if typed["at"] else None
    if typed["at"] and at is None:
        raise NotPossible(Message("release.not-a-time", written=typed["at"]))
    return Wish(typed["environment"], typed["version"], at, typed["cause"], typed["despite"])


def cards(found: ReleaseChapterPlan) -> list[EnvironmentCard]:
    """Return every environment as it stands."""
    locks = {each.deployment: each for each in DeploymentLock.objects.all()}
    return [
        EnvironmentCard(
            each,
            newest_served(each),
            open_release(each),
            differs(each, found.system.zone),
            locks.get(name),
            orders.to_undo(each),
        )
        for name, each in found.deployments.items()
    ]


def _page(
    request: HttpRequest, *, refused: NotPossible | None = None, typed: Mapping[str, str] | None = None
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    found = edition.plan(OPERATION)
    newest = Release.objects.select_related("artifact", "former").order_by("-pk")
    page = Paginator(newest, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **frame(look(edition, now), "releases"),
        "heading": Message("release.page"),
        "planned": Message("release.fact-planned"),
        "version": Message("release.fact-version"),
        "cards": cards(found),
        "windows": list(dates.windows(found, now)),
        "drills": dates.drills(found),
        "figures": list(figures.months(found, now)),
        "figures_heading": Message("release-rows.dora"),
        "figure_headings": figures.HEADINGS,
        "page": page,
        "listed": list(page),
        "may": may_order(request.user),
        "refused": words.refused(refused) if refused else None,
        "typed": typed or {},
        "timezone": edition.bindings.system.timezone,
    }
    return render(request, "release/releases.html", context, status=_CONFLICT if refused else 200)


def _draft_page(
    request: HttpRequest,
    made: Draft,
    typed: Mapping[str, str],
    *,
    refused: NotPossible | None = None,
    is_changed: bool = False,
) -> HttpResponse:
    context = {
        **frame(look(in_force(), system_clock()), "releases"),
        "draft": made,
        "shown": digest_of(made),
        "typed": typed,
        "refused": words.refused(refused) if refused else None,
        "is_changed": is_changed,
    }
    is_conflict = refused is not None or is_changed
    return render(request, "release/plan.html", context, status=_CONFLICT if is_conflict else 200)
