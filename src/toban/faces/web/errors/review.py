"""A week's errors compared with the week before: new, growing, gone. Reviewing them is evidence."""

from collections import Counter
from datetime import date, datetime
from itertools import groupby

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.errors import clauses, orders
from toban.chapters.errors.kept import weekly
from toban.chapters.errors.models import ErrorReview
from toban.chapters.errors.review import Week, week_of
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.people.access import may_order
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import date_in
from toban.faces.words.errors import TRENDS

MOST = 100
"""The most frequent errors of a section; nobody reads more, and `toban errors review` lists them all."""

_YEARS = 10
"""Nobody looks further back."""


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """Compare the week of `?week=`, by default last week, with the one before; POST records the review."""
    edition, now = in_force(), system_clock()
    zone = edition.bindings.system.zone
    this = week_of(now.astimezone(zone).date(), zone)
    asked = date_in(request.GET.get("week", ""))
    week = this.before
    if asked is not None and asked.year > this.monday.year - _YEARS:
        week = min(week_of(asked, zone), this, key=_monday)
    if request.method == "POST":
        return _done(request, edition, week, now)
    found = weekly(week, request.GET.get("project", ""))
    context = {
        **frame(look(edition, now), "errors"),
        "week": week,
        "last_day": week.after.monday - date.resolution,
        "is_this": week == this,
        "most": MOST,
        "sections": [
            (trend.value, str(TRENDS[trend]), (all_ := list(rows))[:MOST], len(all_))
            for trend, rows in groupby(found, key=lambda each: each[1].trend)
        ],
        "done": ErrorReview.objects.filter(monday=week.monday).first(),
        "routines": clauses.reviews(edition.design),
        "may": may_order(request.user),
    }
    return render(request, "errors/review.html", context)


def _monday(week: Week) -> date:
    return week.monday


def _done(request: HttpRequest, edition: Edition, week: Week, now: datetime) -> HttpResponse:
    if not may_order(request.user):
        raise PermissionDenied
    rows = clauses.reviews(edition.design)
    counts = Counter(each.trend.value for _, each in weekly(week))
    by = request.user.get_username()
    orders.reviewed(week.monday, dict(counts), [row.id for row in rows], by=by, now=now)
    messages.success(request, _("%(week)s からの週のレビューを証跡に記録しました。") % {"week": week.monday})
    return redirect(f"{reverse('error-review')}?week={week.monday}")
