"""The living document and the evidence of its rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.engine.bindings import present
from toban.engine.bindings.inforce import Edition
from toban.engine.clock import system_clock
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.notify.models import Alert, Delivery
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web import overview, trends
from toban.faces.web.live import LiveRow, live_rows, worst_first
from toban.faces.web.outline import Outline, outline
from toban.faces.web.skeleton import Skeleton, evidence_address, filled, skeleton
from toban.faces.web.today import start_of_day, today
from toban.faces.web.words import WORDS, clock

_KEPT = 6
_HISTORY = 50
_LONGEST_CHART = 24 * 90

_skeletons: dict[tuple[str, str, str], tuple[Outline, Skeleton]] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """A row that a filter let through."""

    clause: Clause
    row: LiveRow
    address: str


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """Show the whole document, or the rows that `?verdict=` and `?q=` ask for."""
    edition = present.edition()
    if edition is None:
        return render(request, "web/nothing.html", {"refusal": present.refusal()}, status=503)
    now = system_clock()
    built, page = _skeleton(edition)
    statuses = _statuses(edition)
    zone = edition.bindings.system.zone
    rows = live_rows(built.clauses, statuses, now, zone)
    context = {**_figures(edition, built, rows, statuses, now), **_frame(edition, statuses)}
    verdict, words = request.GET.get("verdict", ""), request.GET.get("q", "").strip()
    context |= {"verdict": verdict, "q": words, "verdicts": [(each.value, WORDS[each]) for each in Verdict]}
    if verdict or words:
        return render(request, "web/rows.html", context | {"found": _filtered(built, rows, verdict, words)})
    sparks = trends.SPARKS.drawn(edition.design.digest, edition.design.of(Monitor), now)
    context |= {"page": filled(page, rows, sparks.paths), "is_readable": sparks.is_readable}
    return render(request, "web/document.html", context)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Return what stands around the document anew: contents, top bar, today."""
    edition = _edition()
    now = system_clock()
    built, _page = _skeleton(edition)
    statuses = _statuses(edition)
    rows = live_rows(built.clauses, statuses, now, edition.bindings.system.zone)
    return render(request, "web/_figures.html", _figures(edition, built, rows, statuses, now))


@require_safe
def evidence(request: HttpRequest, clause_id: str) -> HttpResponse:
    """Show what is known of one row: as the drawer's content, or as a page of its own."""
    edition = _edition()
    clause = _clause(edition, clause_id)
    now = system_clock()
    zone = edition.bindings.system.zone
    row = live_rows([clause.id], _statuses(edition), now, zone)[clause.id]
    context = {
        "edition": edition,
        "clause": clause,
        "row": row,
        "address": evidence_address(clause.id),
        "digest": edition.design.digest,
        "is_monitor": isinstance(clause, Monitor) and clause.metric is not None,
        "history": [_entry(entry, now, edition) for entry in _verdicts(clause.id)],
        "deliveries": [_sent(delivery, now, edition) for delivery in _deliveries(clause.id)],
        "refusal": present.refusal(),
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    return render(request, "web/_evidence.html" if is_fragment else "web/evidence.html", context)


@require_safe
def series(request: HttpRequest, clause_id: str) -> JsonResponse:
    """Return the measured series of a monitor and its limits; `?hours=` 1 to 2160."""
    clause = _clause(_edition(), clause_id)
    hours = request.GET.get("hours", "6")
    is_length = hours.isdecimal() and len(hours) <= len(str(_LONGEST_CHART))
    if not isinstance(clause, Monitor) or not is_length or not 1 <= int(hours) <= _LONGEST_CHART:
        raise Http404
    try:
        return JsonResponse(dict(trends.chart(clause, int(hours), system_clock())))
    except StoreUnavailable:
        return JsonResponse({"error": _("測定履歴を読めません")}, status=503)


@require_safe
def sparklines(request: HttpRequest) -> JsonResponse:
    """Return all sparklines as SVG paths by clause id."""
    del request
    edition = _edition()
    drawn = trends.SPARKS.drawn(edition.design.digest, edition.design.of(Monitor), system_clock())
    return JsonResponse({"paths": dict(drawn.paths), "readable": drawn.is_readable})


def _edition() -> Edition:
    edition = present.edition()
    if edition is None:
        raise Http404
    return edition


def _clause(edition: Edition, clause_id: str) -> Clause:
    found = next((clause for clause in edition.design.clauses if clause.id == clause_id), None)
    if found is None:
        raise Http404
    return found


def _skeleton(edition: Edition) -> tuple[Outline, Skeleton]:
    key = (edition.design.document, edition.design.digest, get_language() or "")
    if key not in _skeletons:
        while len(_skeletons) >= _KEPT:
            _skeletons.pop(next(iter(_skeletons)), None)
        built = outline(edition.design)
        _skeletons[key] = (built, skeleton(built))
    return _skeletons[key]


def _statuses(edition: Edition) -> list[ClauseStatus]:
    known = {clause.id for clause in edition.design.clauses}
    return [status for status in ClauseStatus.objects.all() if status.clause_id in known]


def _frame(edition: Edition, statuses: Sequence[ClauseStatus]) -> dict[str, object]:
    return {
        "edition": edition,
        "digest": edition.design.digest,
        "revision": max((status.revision for status in statuses), default=0),
        "refusal": present.refusal(),
        "unread": len(edition.design.unread),
    }


def _figures(
    edition: Edition,
    built: Outline,
    rows: dict[str, LiveRow],
    statuses: Sequence[ClauseStatus],
    now: datetime,
) -> dict[str, object]:
    zone = edition.bindings.system.zone
    midnight = start_of_day(now, zone)
    recent = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT).order_by("-sequence")[:500]
    changes = list(takewhile(lambda entry: entry.at >= midnight, recent))
    return {
        "contents": list(overview.contents(built, rows)),
        "figures": overview.figures(edition, rows, statuses, now),
        "today": today(built.clauses, statuses, changes, now, zone),
        "hours": range(0, 24, 3),
    }


def _filtered(built: Outline, rows: dict[str, LiveRow], verdict: str, words: str) -> list[Found]:
    wanted: Collection[str] = FIRING if verdict == "firing" else {verdict}
    sought = words.casefold()
    return [
        Found(built.clauses[row.id], row, evidence_address(row.id))
        for row in worst_first(rows.values())
        if (not verdict or row.verdict in wanted) and sought in built.clauses[row.id].text.casefold()
    ]


def _verdicts(clause_id: str) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(clause_id=clause_id, kind=LedgerEntry.Kind.VERDICT).order_by(
        "-sequence"
    )[:_HISTORY]


def _entry(entry: LedgerEntry, now: datetime, edition: Edition) -> dict[str, object]:
    verdict = Verdict(str(entry.content["verdict"]))
    return {
        "at": clock(entry.at, now, edition.bindings.system.zone),
        "verdict": verdict.value,
        "word": WORDS[verdict],
        "value": entry.content.get("value", ""),
        "reason": entry.content.get("reason", ""),
        "sequence": entry.sequence,
        "digest": entry.document_digest,
    }


def _deliveries(clause_id: str) -> QuerySet[Delivery]:
    """Notices about the row itself, newest first, with what became of each."""
    alerts = Alert.objects.filter(clause_id=clause_id).order_by("-opened_at")[:20]
    return (
        Delivery.objects.filter(announcement__alert__in=list(alerts))
        .select_related("announcement")
        .order_by("-created_at")[:_HISTORY]
    )


def _sent(delivery: Delivery, now: datetime, edition: Edition) -> dict[str, object]:
    return {
        "at": clock(delivery.created_at, now, edition.bindings.system.zone),
        "title": delivery.announcement.title,
        "rule": delivery.rule_citation,
        "to": f"{delivery.channel} {delivery.recipient}",
        "state": delivery.state,
        "detail": delivery.receipt or delivery.error,
    }
