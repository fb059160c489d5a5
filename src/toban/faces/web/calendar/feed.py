"""The calendar as a feed (RFC 5545) that calendar programs subscribe to, and the secret that opens it."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from toban.design.chapter import Chapter
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty import overrides
from toban.engine.notify.duty.roster import rosters, turns
from toban.engine.people.feeds import give_token, holder_of, revoke_token
from toban.engine.people.models import Operator
from toban.engine.tasks.own.around import own_tasks
from toban.faces.icalendar import icalendar, written
from toban.faces.web.calendar.months import of_chapter
from toban.faces.web.calendar.pages import span
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.proof import ask_proof, has_proved
from toban.faces.words import own_tasks as task_words
from toban.faces.words.duty import events

_BEFORE, _AFTER = timedelta(days=31), timedelta(days=366)
_REFRESH = timedelta(hours=1)
"""How often calendar programs are asked to look for tasks."""


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Return the calendar of the last month and the coming year, for a request with a valid `?token=`.

    `?chapter=` selects one chapter's rows. A program that already has the current version gets a 304 (ETag).
    """
    now = system_clock()
    edition = _opened(request, now)
    if isinstance(edition, HttpResponse):
        return edition
    today = now.astimezone(edition.bindings.system.zone).date()
    chapter = request.GET.get("chapter", "")
    etag = _version(edition, today, chapter)
    return _answer(request, etag, lambda: _calendar(edition, today, chapter))


@require_safe
def duty_feed(request: HttpRequest) -> HttpResponse:
    """Return the turns of the last month and the coming year, for a request with a valid `?token=`.

    `?person=` selects one person's turns, by the name in `[people]`.
    """
    now = system_clock()
    edition = _opened(request, now)
    if isinstance(edition, HttpResponse):
        return edition
    person = request.GET.get("person", "")
    if person and person not in edition.bindings.people:
        return _plain(_("接続表の [people] にこの名前の人はいません"), 404)
    text = _turns(edition, now.astimezone(edition.bindings.system.zone).date(), person)
    # Overrides change at any time: only the text itself shows whether it is the same.
    return _answer(request, hashlib.sha256(text.encode()).hexdigest()[:32], lambda: text)


@require_safe
def task_feed(request: HttpRequest) -> HttpResponse:
    """Return the own tasks of whose `?token=` it is: signed last month, open, and coming within a month."""
    now = system_clock()
    holder, edition = holder_of(request.GET.get("token", ""), now), present.edition()
    if holder is None:
        return _plain(_("このアドレスの鍵は使えません"), 403)
    if edition is None:
        return HttpResponse(status=503)
    text = _own(holder, edition, now)
    return _answer(request, hashlib.sha256(text.encode()).hexdigest()[:32], lambda: text)


def _opened(request: HttpRequest, now: datetime) -> Edition | HttpResponse:
    """Return the edition in force if the request has a valid token, else the refusal."""
    if holder_of(request.GET.get("token", ""), now) is None:
        return _plain(_("このアドレスの鍵は使えません"), 403)
    return present.edition() or HttpResponse(status=503)


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", "text/plain; charset=utf-8", status)


def _answer(request: HttpRequest, version: str, text: Callable[[], str]) -> HttpResponse:
    etag = quote_etag(version)
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        answer = HttpResponse(text(), "text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'inline; filename="toban.ics"'
    answer.headers["ETag"] = etag
    # The program itself may keep it, but asks again each time; nothing in between may keep it.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@never_cache
@require_POST
def subscription(request: HttpRequest) -> HttpResponse:
    """Give the reader a new address of the feed, shown only in this answer, or revoke it, by `act`."""
    if not isinstance(request.user, Operator):
        return HttpResponse(status=403)
    act, now = request.POST.get("act", ""), system_clock()
    if act == "close":
        revoke_token(request.user, request)
        return redirect("calendar")
    if act != "open":
        return HttpResponse(status=400)
    if not has_proved(request):
        # The address outlives the session, which may be stolen.
        return ask_proof(request, reverse("calendar"))
    query = urlencode({"token": give_token(request.user, request, now)})
    base = settings.PUBLIC_URL.rstrip("/")
    addresses = {
        "address": f"{base}{reverse('feed')}?{query}",
        "duty_address": f"{base}{reverse('duty-feed')}?{query}",
        "task_address": f"{base}{reverse('task-feed')}?{query}",
    }
    context = {**frame(look(in_force(), now), "calendar"), **addresses}
    return render(request, "calendar/subscription.html", context)


def _calendar(edition: Edition, today: date, chapter: str) -> str:
    found = of_chapter(span(edition, today - _BEFORE, today + _AFTER), chapter)
    system = edition.bindings.system
    # The same all day long, so that an unchanged calendar stays the same to the byte.
    made = datetime.combine(today, time(0), system.zone)
    return icalendar(found, system.name or edition.design.document, made)


def _turns(edition: Edition, today: date, person: str) -> str:
    bindings, system = edition.bindings, edition.bindings.system
    first, last = (datetime.combine(each, time(0), system.zone) for each in (today - _BEFORE, today + _AFTER))
    known = rosters(edition.design, bindings.duty)
    found = turns(known, overrides.between(first, last), first, last, system)
    wanted = (shift for shift in found if person in ("", *shift.watch.people))
    name = _("%(system)s 当番") % {"system": system.name or edition.design.document}
    made = datetime.combine(today, time(0), system.zone)
    return written(events(wanted, bindings.people), name, made)


def _own(holder: Operator, edition: Edition, now: datetime) -> str:
    system = edition.bindings.system
    today = now.astimezone(system.zone).date()
    found = own_tasks(holder, edition, settings.PARTS, now)
    clauses = {each.id: each for each in edition.design.clauses}
    page = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('tasks')}"
    name = _("%(system)s 自分の作業") % {"system": system.name or edition.design.document}
    made = datetime.combine(today, time(0), system.zone)
    return written(task_words.events(found, clauses, system.zone, today, page), name, made, _REFRESH)


def _version(edition: Edition, today: date, chapter: str) -> str:
    chapter = chapter if chapter in set(Chapter) else ""
    named = "\n".join((*edition.digests, today.isoformat(), chapter, get_language() or ""))
    return hashlib.sha256(named.encode()).hexdigest()[:32]
