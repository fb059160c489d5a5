"""The calendar as a feed (RFC 5545) that calendar programs subscribe to, and the secret that opens it."""

import hashlib
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from toban.design.chapter import Chapter
from toban.engine.bindings import present
from toban.engine.bindings.inforce import Edition
from toban.engine.clock import system_clock
from toban.engine.people.feeds import give_token, holder_of, revoke_token
from toban.engine.people.models import Operator
from toban.faces.icalendar import icalendar
from toban.faces.web.calendar import span
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.months import of_chapter

_REFUSED = "このアドレスの鍵は使えません\nThis address's key is no longer good\n"
_BEFORE, _AFTER = timedelta(days=31), timedelta(days=366)


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Return the calendar of the last month and the year to come to whoever has a `?token=`.

    `?chapter=` leaves one chapter's rows. A program that has the present one already is told so (ETag).
    """
    now = system_clock()
    if holder_of(request.GET.get("token", ""), now) is None:
        return HttpResponse(_REFUSED, "text/plain; charset=utf-8", 403)
    edition = present.edition()
    if edition is None:
        return HttpResponse(status=503)
    today = now.astimezone(edition.bindings.system.zone).date()
    chapter = request.GET.get("chapter", "")
    etag = quote_etag(_version(edition, today, chapter))
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        answer = HttpResponse(_calendar(edition, today, chapter), "text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'inline; filename="toban.ics"'
    answer.headers["ETag"] = etag
    # Kept by the program itself, and asked for again each time; by nobody in between.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@never_cache
@require_POST
def subscription(request: HttpRequest) -> HttpResponse:
    """Give the reader a new address of the feed, shown in this answer alone, or end it, by `act`."""
    if not isinstance(request.user, Operator):
        return HttpResponse(status=403)
    act, now = request.POST.get("act", ""), system_clock()
    if act == "close":
        revoke_token(request.user, request)
        return redirect("calendar")
    if act != "open":
        return HttpResponse(status=400)
    query = urlencode({"token": give_token(request.user, request, now)})
    address = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('feed')}?{query}"
    context = {**frame(look(in_force(), now), "calendar"), "address": address}
    return render(request, "web/calendar/subscription.html", context)


def _calendar(edition: Edition, today: date, chapter: str) -> str:
    found = of_chapter(span(edition, today - _BEFORE, today + _AFTER), chapter)
    system = edition.bindings.system
    # The same all day long, so that what is unchanged stays the same to the byte.
    made = datetime.combine(today, time(0), system.zone)
    return icalendar(found, system.name or edition.design.document, made)


def _version(edition: Edition, today: date, chapter: str) -> str:
    chapter = chapter if chapter in set(Chapter) else ""
    named = "\n".join((*edition.digests, today.isoformat(), chapter))
    return hashlib.sha256(named.encode()).hexdigest()[:32]
