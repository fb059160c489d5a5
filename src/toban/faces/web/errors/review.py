"""A week's errors compared with the week before: new, growing, gone. A task asks for the review."""

from datetime import date
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.errors import clauses
from toban.chapters.errors.kept import weekly
from toban.chapters.errors.reviewing.review import Week, week_of
from toban.engine.clock import system_clock
from toban.engine.tasks.lists import last_signed
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import date_in
from toban.faces.words.errors import TRENDS

MOST = 100
"""The most frequent errors of a section; nobody reads more, and `toban errors review` lists them all."""

_YEARS = 10
"""Nobody looks further back."""


@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """Compare the week of `?week=`, by default last week, with the one before."""
    edition, now = in_force(), system_clock()
    zone = edition.bindings.system.zone
    this = week_of(now.astimezone(zone).date(), zone)
    asked = date_in(request.GET.get("week", ""))
    week = this.before
    if asked is not None and asked.year > this.monday.year - _YEARS:
        week = min(week_of(asked, zone), this, key=_monday)
    routines = clauses.reviews(edition.design)
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
        "done": last_signed([row.id for row in routines], week.after.start, week.after.end),
        "routines": routines,
    }
    return render(request, "errors/review.html", context)


def _monday(week: Week) -> date:
    return week.monday
