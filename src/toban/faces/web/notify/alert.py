"""One alert: its state, what happened when, who was notified and why, and what was measured around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.changes.query import BEFORE
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.extension import Link
from toban.engine.notify import orders
from toban.engine.notify.account import NoticePlace, StageStep, places
from toban.engine.notify.deciding.drills import drills_among
from toban.engine.notify.models import Alert, Silence
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.silences import silencing
from toban.engine.operation import ChartedSeries
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.runs.leads import ALERT_LEADS
from toban.engine.runs.models import Run, RunLog
from toban.engine.search_parts import BadSearch, Match, SearchTerm
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.logs.choice import LogChoice, written
from toban.faces.logs.rows import shown as shown_rows
from toban.faces.web import marks, parts
from toban.faces.web.changes.near import near
from toban.faces.web.charts import Chart
from toban.faces.web.document import trends
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.measured import measured
from toban.faces.web.notify.alerts import holding
from toban.faces.web.notify.chart import moments, span
from toban.faces.web.notify.timeline import TimelineMoment, timeline
from toban.faces.words import verdicts as words
from toban.faces.words.alerts import MARKS, STAGES, answer, because, said, standing

_EARLIER = 5
_LINES = 30
_LOGS_BEFORE, _LOGS_AFTER = timedelta(minutes=5), timedelta(hours=1)
_COMPLAINTS = (
    *(SearchTerm("level", Match.WHOLE, each, negated=True) for each in ("TRACE", "DEBUG", "INFO")),
    *(SearchTerm("kind", Match.WHOLE, each, negated=True) for each in ("access", "audit")),
)
"""Rows that ask for attention by their level, and were written for operators."""
_ORDERS = ("acknowledge", "release")
_BEFORE = timedelta(days=1)
"""How long before an alert the run that it is about may have been due."""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A stage's result, ready to be shown."""

    name: str
    mark: str
    word: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place that the alert might be sent to, ready to be shown."""

    place: NoticePlace
    steps: tuple[ShownStep, ...]
    answer: str
    was_told: bool
    history: tuple[tuple[datetime, str, str, str], ...]
    """When a stage's result changed, which stage, what it said, and the code of that."""


@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one alert; POST acknowledges it (`act` is `take`) or takes that back (`release`)."""
    found = _alert(pk)
    if request.method == "POST":
        return _ordered(request, found)
    edition, now = in_force(), system_clock()
    clause = next((each for each in edition.design.clauses if each.id == found.clause_id), None)
    silences, accounts = holding(now), places(found)
    runs, lines = _related(found, now)
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "alert": found,
        "may": may_order(request.user),
        "is_drill": bool(drills_among(edition, settings.PARTS.ports)([found])),
        "clause": clause,
        "is_measured": clause is not None and settings.PARTS.chart(clause) is not None,
        "standing": standing(found, silences, now),
        "quiet": silencing(silences, found.clause_id, found.labels, now),
        "detected_after": found.opened_at - found.began_at,
        "lasted": (found.resolved_at or now) - found.began_at,
        "places": [shown(each) for each in accounts],
        "timeline": _timeline(found, accounts, now),
        "near": near(edition, _names(found), found.began_at - BEFORE, max(found.began_at, found.opened_at)),
        "runs": runs,
        "lines": lines,
        "leads": _leads(found),
        "earlier": Alert.objects.filter(key=found.key, pk__lt=found.pk).order_by("-pk")[:_EARLIER],
    }

    def around() -> Mapping[str, object]:
        return frame(look(edition, now), "alerts")

    return parts.answer(request, "notify/alert.html", "notify/_alert.html", context, around)


@require_safe
def chart(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw what was measured around the alert: as a part of its page, or as a page of its own."""
    found, edition, now = _alert(pk), in_force(), system_clock()
    charted = _charted(edition.design, found.clause_id)
    context: dict[str, object] = {"now": now, "zone": edition.bindings.system.zone, "alert": found}
    try:
        context["chart"] = _drawn(found, charted, edition, now)
    except StoreUnavailable:
        context["trouble"] = _("測定履歴を読めません")
    if parts.is_fragment(request):
        return render(request, "notify/_chart.html", context)
    return render(request, "notify/chart.html", {**frame(look(edition, now), "alerts"), **context})


@require_safe
def logs(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what applications complained about when the alert began; for a count, the rows that it counted."""
    found, edition, now = _alert(pk), in_force(), system_clock()
    context: dict[str, object] = {"now": now, "zone": edition.bindings.system.zone, "alert": found}
    try:
        around, complaints = _complaints(found, now)
        zone = edition.bindings.system.zone
        context["rows"] = list(shown_rows(complaints, zone))
        begin, end = written(around.start, zone), written(around.end, zone)
        context["query"] = LogChoice(q=_counted(found), begin=begin, end=end).query
    except StoreUnavailable:
        context["trouble"] = _("ログを読めません")
    if parts.is_fragment(request):
        return render(request, "notify/_logs.html", context)
    return render(request, "notify/logs.html", {**frame(look(edition, now), "alerts"), **context})


def shown(place: NoticePlace) -> ShownPlace:
    """Return the account of *place*, ready to be shown."""
    decisive = place.decisive
    return ShownPlace(
        place,
        tuple(_step(each, because(decisive) if decisive else "") for each in place.steps),
        answer(place),
        place.newest is not None,
        tuple(
            (each.at, str(STAGES[each.stage]), because(each), NoticeReason(each.reason).said.code)
            for each in place.outcomes
        ),
    )


def _step(step: StageStep, last_word: str) -> ShownStep:
    return ShownStep(str(STAGES[step.stage]), MARKS[step.word], said(step.word), step.word.value, last_word)


def _leads(found: Alert) -> list[Link]:
    links = (leads(found.pk) for leads in settings.PARTS.ports.all(ALERT_LEADS))
    return [each for each in links if each is not None]


def _alert(pk: int) -> Alert:
    found = Alert.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _charted(design: Design, clause_id: str) -> ChartedSeries:
    clause = next((each for each in design.clauses if each.id == clause_id), None)
    found = settings.PARTS.chart(clause) if clause is not None else None
    if found is None:
        raise Http404
    return found


def _ordered(request: HttpRequest, found: Alert) -> HttpResponse:
    """Give the order and go back to where it was given: the list, or the alert's page."""
    if not may_order(request.user):
        raise PermissionDenied
    by, now = request.user.get_username(), system_clock()
    try:
        match request.POST.get("act"):
            case "take":
                orders.acknowledge(found.pk, by=by, now=now)
                messages.success(request, _("「%(what)s」の対応を開始しました。") % {"what": found.subject})
            case "release":
                orders.release(found.pk, by=by, now=now)
                messages.success(request, _("「%(what)s」の対応を取り消しました。") % {"what": found.subject})
            case _:
                return HttpResponse(status=400)
    except NotPossible as wrong:
        messages.error(request, str(words.refused(wrong).what))
    if "list" in request.POST:
        # Only a query, so that nobody is sent elsewhere; the row is selected again.
        return redirect(f"{reverse('alerts')}?{request.POST['list']}#alert-{found.pk}")
    return redirect("alert", found.pk)


def _timeline(found: Alert, accounts: Sequence[NoticePlace], now: datetime) -> list[TimelineMoment]:
    given = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.AUDIT, clause_id=found.clause_id, content__alert=found.pk
    )
    by_hand = given.filter(content__order__in=_ORDERS).order_by("sequence")
    end = found.resolved_at or now
    overlapping = Silence.objects.filter(starts_at__lte=end, ends_at__gte=found.opened_at)
    silences = [
        each for each in overlapping.order_by("pk") if each.quiet.covers(found.clause_id, found.labels)
    ]
    return timeline(found, accounts, list(by_hand), silences, now)


def _related(found: Alert, now: datetime) -> tuple[list[Run], list[RunLog]]:
    """Return the runs that the alert's row ordered around it, the newest first, and the end of its output."""
    until = found.resolved_at or now
    about = Q(clause_id=found.clause_id)
    if "batch" in found.labels:
        about |= Q(work=found.labels["batch"])
    runs = Run.objects.filter(about, due_at__gte=found.began_at - _BEFORE, due_at__lte=until)
    newest = list(runs.order_by("-due_at", "-pk")[:_EARLIER])
    lines = list(newest[0].log.order_by("-pk")[:_LINES])[::-1] if newest else []
    return newest, lines


def _names(found: Alert) -> tuple[str, ...]:
    """Return what the alert is about, by the names that changes know."""
    labels = (str(found.labels.get(name, "")) for name in ("target", "instance", "batch"))
    return tuple(filter(None, (found.clause_id, *labels)))


def _complaints(found: Alert, now: datetime) -> tuple[TimeSpan, list[FoundRow]]:
    """Return the period from a little before the alert, and its first warnings and errors."""
    end = min(found.resolved_at or now, found.began_at + _LOGS_AFTER) + _LOGS_BEFORE
    span = TimeSpan(found.began_at - _LOGS_BEFORE, end)
    counted = _counted(found)
    terms = read_search(counted).terms if counted else _COMPLAINTS
    return span, LogSearch(telemetry()).oldest(terms, span, limit=_LINES)


def _counted(found: Alert) -> str:
    """Return the search whose rows the alert counts; empty for an alert that counts none."""
    is_count = found.labels.get("item") == Metric.LOG_COUNT
    search = str(found.labels.get("instance", "")) if is_count else ""
    try:
        return read_search(search).written
    except BadSearch:
        # If a row has two sources that look alike, more than their search tells them apart.
        return ""


def _drawn(found: Alert, charted: ChartedSeries, edition: Edition, now: datetime) -> Chart | None:
    """Draw the measurements around the alert; None if there are none."""
    start, end = span(found.began_at, found.resolved_at, now)
    series = trends.series(charted, found.labels.get("instance"), start, end)
    if series is None:
        return None

    def clock(at: datetime) -> str:
        return words.clock(at, now, edition.bindings.system.zone)

    happened = [
        *marks.maintenance(charted.target, edition, start, end),
        *near(edition, _names(found), start, end).marks,
        *moments(found, clock),
    ]
    return measured(series, happened, clock)
