"""Who is on duty: now and next, the month's turns, and the overrides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import Person
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty import overrides
from toban.engine.notify.duty.roster import (
    AHEAD,
    DutyShift,
    Override,
    Roster,
    following,
    on_duty,
    rosters,
    shifts,
    turns,
)
from toban.engine.notify.models import DutyOverride
from toban.engine.orders import NotPossible
from toban.engine.people.access import ORDERING, may_order, require_role
from toban.engine.people.models import FeedToken
from toban.faces.document.address import evidence_address
from toban.faces.web.calendar import months
from toban.faces.web.calendar.pages import month_named
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import moment
from toban.faces.web.proof import address_of_proof, ask_proof, has_proved
from toban.faces.words import verdicts as words
from toban.faces.words.duty import names, why
from toban.message import Message

_DAY = timedelta(days=1)
_LONGEST_NUMBER = 18
"""Digits that every database takes."""


@dataclass(frozen=True, slots=True)
class DutyPost:
    """A role, who holds it now, and who comes next."""

    role: str
    hours: str
    origin: str
    address: str
    who: str
    """Empty outside the role's hours."""
    phone: str
    until: datetime | None
    """None: no end in sight."""
    override: Override | None
    next: DutyShift | None
    next_who: str


@dataclass(frozen=True, slots=True)
class ShownShift:
    """A shift as a day of the month shows it."""

    clock: str
    """Empty if it fills the day."""
    role: str
    who: str
    address: str
    why: str
    """Who ordered the override, and why; empty for a regular turn."""


@dataclass(frozen=True, slots=True)
class DutyDay:
    """A day of the drawn month, or of the months next to it."""

    date: date
    is_within: bool
    is_today: bool
    is_off: bool
    holiday: Message
    turns: tuple[ShownShift, ...]


@require_safe
def duty(request: HttpRequest) -> HttpResponse:
    """Show who is on duty, and the turns of `?month=`; `?role=` selects one role's."""
    return _page(request)


@require_http_methods(["POST"])
@require_role(*ORDERING)
def override(request: HttpRequest) -> HttpResponse:
    """Make an override or end one, by the form's `act`; if that is not possible, the page says why."""
    edition, now = in_force(), system_clock()
    act, by = request.POST.get("act", ""), request.user.get_username()
    if act == "give" and not has_proved(request):
        # A deputy may approve what the role approves: who chooses one must not be a stolen session.
        return ask_proof(request, reverse("duty"))
    try:
        if act == "give":
            made = _give(request.POST, edition, by, now)
            messages.success(request, _("%(person)s が %(role)s を代理します。") % vars(made))
        elif act == "end":
            number = request.POST.get("override", "")
            is_number = number.isdecimal() and len(number) <= _LONGEST_NUMBER
            ended = overrides.end_override(int(number) if is_number else 0, by=by, now=now)
            messages.success(request, _("%(person)s の代理を終了しました。") % vars(ended))
        else:
            return HttpResponse(status=400)
    except NotPossible as exc:
        return _page(request, trouble=str(words.refused(exc)), status=409)
    return redirect("duty")


def _give(form: Mapping[str, str], edition: Edition, by: str, now: datetime) -> DutyOverride:
    zone = edition.bindings.system.zone
    return overrides.override(
        form.get("role", ""),
        form.get("person", ""),
        form.get("reason", "")[:500],
        starts_at=moment(form.get("from", ""), zone) or now,
        ends_at=moment(form.get("until", ""), zone),
        by=by,
        now=now,
        design=edition.design,
        bindings=edition.bindings,
    )


def _page(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    edition, now = in_force(), system_clock()
    bindings = edition.bindings
    today = now.astimezone(bindings.system.zone).date()
    month = month_named(request.GET.get("month", ""), today)
    known = rosters(edition.design, bindings.duty)
    role = request.GET.get("role", "")
    chosen = [each for each in known if role in ("", each.role)] or list(known)
    context = {
        **frame(look(edition, now), "duty"),
        "posts": list(_posts(known, edition, now)),
        "month": month,
        "role": role,
        "roles": [each.role for each in known],
        "people": [(key, person.name or key) for key, person in bindings.people.items()],
        "before": months.month_of(month, -1),
        "after": months.month_of(month, 1),
        "this_month": months.month_of(today),
        "weeks": months.grid(list(_days(chosen, edition, month, today))),
        "takes_turns": any(each.layers for each in known),
        "given": overrides.between(now, now + overrides.FOREVER),
        "may_order": may_order(request.user),
        "proof": "" if has_proved(request) else address_of_proof(reverse("duty")),
        "trouble": trouble,
        "typed": request.POST,
        "token": FeedToken.objects.filter(operator__username=request.user.get_username()).first(),
    }
    return render(request, "notify/duty.html", context, status=status)


def _posts(known: Sequence[Roster], edition: Edition, now: datetime) -> Iterator[DutyPost]:
    system, people = edition.bindings.system, edition.bindings.people
    given = overrides.between(now, now + AHEAD)
    for each in known:
        watch = on_duty(each, given, now, system)
        found = shifts(each, given, now, now + AHEAD, system)
        ends = found[0].end if watch.people and found[0].end < now + AHEAD else None
        coming = following(each, given, now, system)
        yield DutyPost(
            role=each.role,
            hours=str(each.hours or ""),
            origin=str(each.clause.origin) if each.clause is not None else edition.bindings.file,
            address=evidence_address(each.clause.id) if each.clause is not None else "",
            who=names(watch, each, people),
            phone=_phone(watch.people, people),
            until=ends,
            override=watch.override,
            next=coming,
            next_who=names(coming.watch, each, people) if coming is not None else "",
        )


def _phone(held: Sequence[str], people: Mapping[str, Person]) -> str:
    return "、".join(people[each].phone for each in held if each in people and people[each].phone)


def _days(chosen: Sequence[Roster], edition: Edition, month: date, today: date) -> Iterator[DutyDay]:
    system = edition.bindings.system
    first, last = months.weeks(month)
    start, end = (existing(each, time(0), system.zone) for each in (first, last + _DAY))
    found = turns(chosen, overrides.between(start, end), start, end, system)
    for number in range((last - first).days + 1):
        day = first + _DAY * number
        yield DutyDay(
            date=day,
            is_within=day.month == month.month,
            is_today=day == today,
            is_off=not system.business.is_business_day(day),
            holiday=system.business.day_off(day),
            turns=tuple(_turns(found, day, edition)),
        )


def _turns(found: Sequence[DutyShift], day: date, edition: Edition) -> Iterator[ShownShift]:
    zone, people = edition.bindings.system.zone, edition.bindings.people
    begin, end = (existing(each, time(0), zone) for each in (day, day + _DAY))
    for shift in found:
        if shift.start < end and shift.end > begin:
            clause = shift.roster.clause
            yield ShownShift(
                clock=_clock(shift, begin, end, zone),
                role=shift.roster.role,
                who=names(shift.watch, shift.roster, people),
                address=evidence_address(clause.id) if clause is not None else "",
                why=why(shift.watch.override),
            )


def _clock(shift: DutyShift, begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Return the hours of *shift* on a day; an edge that is on another day is left open."""
    starts = f"{shift.start.astimezone(zone):%H:%M}" if shift.start > begin else ""
    ends = f"{shift.end.astimezone(zone):%H:%M}" if shift.end < end else ""
    return f"{starts}–{ends}" if starts or ends else ""
