"""The living document and the evidence of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.design.clauses.base import Clause
from toban.engine.assumptions.taken import of_row
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.nodes.models import all_nodes
from toban.engine.nodes.rules import ALARMING, findings
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.engine.operation import ChartedSeries
from toban.engine.registry.ports import loaded
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.spans import Span
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow, live_rows, worst_first
from toban.faces.web import marks
from toban.faces.web.changes.near import near
from toban.faces.web.document import trends, version
from toban.faces.web.document.assumptions import values_of
from toban.faces.web.document.skeleton import filled, filled_rows, later
from toban.faces.web.frame import Sight, drawn, frame, in_force, look
from toban.faces.web.frame import figures as surrounding
from toban.faces.web.measured import measured
from toban.faces.web.parts import is_fragment
from toban.faces.words.lists import listed
from toban.faces.words.runs import REASONS
from toban.faces.words.verdicts import WORDS, clock, length
from toban.message import from_json

_HISTORY = 50
_RUNS = 5
_ALERTS = 5
_TOLD_OF = 20
"""How many of a row's newest alerts have their notifications listed in its evidence."""
_LENGTHS = (6, 24, 24 * 7, 24 * 90)
"""Hours that a chart is offered for."""
_LONGEST_CHART = max(_LENGTHS)


@dataclass(frozen=True, slots=True)
class FilteredRow:
    """A row that a filter let through."""

    clause: Clause
    row: LiveRow
    address: str


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """Show the document, or the rows that `?verdict=` and `?q=` ask for.

    With `?whole=1` a long one has everything about all of its rows at once.
    """
    edition = present.edition()
    if edition is None:
        return render(request, "document/nothing.html", {"refusal": present.refusal()}, status=503)
    sight = look(edition, system_clock())
    verdict, words = request.GET.get("verdict", ""), request.GET.get("q", "").strip()
    context = {
        **frame(sight, "document"),
        "node_findings": [each for each in findings(all_nodes(), sight.now) if each.trouble in ALARMING],
        "verdict": verdict,
        "q": words,
    }
    if verdict or words:
        return render(request, "document/rows.html", context | {"found": _filtered(sight, verdict, words)})
    sparks = trends.SPARKS.drawn(edition.reading, settings.PARTS.charts(edition.design), sight.now)
    is_whole = request.GET.get("whole") == "1" or not later(sight.skeleton)
    context |= {
        "changes": list(version.changes(sight.now, sight.zone)),
        "page": filled(sight.skeleton, sight.rows, sparks.paths, is_whole=is_whole),
        "is_whole": is_whole,
        "is_readable": sparks.is_readable,
        "unread": len(edition.design.unread),
    }
    return render(request, "document/document.html", context)


@require_safe
def rows(request: HttpRequest, digest: str, group: int) -> HttpResponse:
    """Return everything about the rows of one *group* of the version with *digest*, for the page's script."""
    del request
    edition, now = in_force(), system_clock()
    groups = later(drawn(edition)[1])
    if digest != edition.reading or group >= len(groups):
        raise Http404
    wanted = groups[group]
    statuses = current.statuses(now, wanted.clauses)
    sparks = trends.SPARKS.drawn(digest, settings.PARTS.charts(edition.design), now)
    shown = live_rows(wanted.clauses, statuses, now, edition.bindings.system.zone)
    return HttpResponse(filled_rows(wanted, shown, sparks.paths))


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Return what is around the document, refreshed: contents, top bar, today, banners."""
    sight = look(in_force(), system_clock())
    changes = list(version.changes(sight.now, sight.zone))
    return render(request, "document/_figures.html", {**surrounding(sight), "changes": changes})


@require_safe
def evidence(request: HttpRequest, clause_id: str) -> HttpResponse:
    """Show what is known about one row: as the drawer's content, or as a page of its own."""
    edition = in_force()
    clause = _clause(edition, clause_id)
    now = system_clock()
    alerts = list(Alert.objects.filter(clause_id=clause.id).order_by("-opened_at", "-pk")[:_TOLD_OF])
    context = {
        **_surroundings(edition, clause, now),
        "is_charted": settings.PARTS.chart(clause) is not None,
        "history": [_entry(entry, now, edition) for entry in _verdicts(clause.id)],
        "runs": _runs(clause),
        "own": _own(clause, request, {"now": now, "zone": edition.bindings.system.zone}),
        "assumed": of_row(values_of(edition), clause),
        "alerts": alerts[:_ALERTS],
        "deliveries": [_sent(delivery, now, edition) for delivery in _deliveries(clause, alerts)],
    }
    return render(
        request, "document/_evidence.html" if is_fragment(request) else "document/evidence.html", context
    )


@require_safe
def series(request: HttpRequest, clause_id: str) -> HttpResponse:
    """Draw the last `?hours=` (1 to 2160) of a monitor: as a part of its evidence, or as a page."""
    edition, now = in_force(), system_clock()
    clause = _clause(edition, clause_id)
    hours = request.GET.get("hours", "6")
    is_length = hours.isdecimal() and len(hours) <= len(str(_LONGEST_CHART))
    charted = settings.PARTS.chart(clause)
    if charted is None or not is_length or not 1 <= int(hours) <= _LONGEST_CHART:
        raise Http404
    context = {
        **_surroundings(edition, clause, now),
        "chosen": int(hours),
        "lengths": [(each, length(timedelta(hours=each))) for each in _LENGTHS],
    }
    try:
        context |= _drawn(clause.id, charted, edition, (now - timedelta(hours=int(hours)), now))
    except StoreUnavailable:
        context["trouble"] = _("測定履歴を読めません")
    if is_fragment(request):
        return render(request, "document/_series.html", context)
    return render(request, "document/series.html", context, status=503 if "trouble" in context else 200)


def _drawn(clause_id: str, charted: ChartedSeries, edition: Edition, span: Span) -> Mapping[str, object]:
    """Draw what was measured for a row in *span*, with what changed; nothing if nothing was measured."""
    found = trends.series(charted, None, *span)
    if found is None:
        return {}
    changes, zone = near(edition, (clause_id,), *span), edition.bindings.system.zone
    happened = [
        *marks.maintenance(charted.target, edition, *span),
        *marks.alerts(clause_id, *span),
        *changes.marks,
    ]
    return {"chart": measured(found, happened, lambda at: clock(at, span[1], zone)), "near": changes}


@require_safe
def sparklines(request: HttpRequest) -> JsonResponse:
    """Return all sparklines as SVG paths by clause id."""
    del request
    edition = in_force()
    drawn = trends.SPARKS.drawn(edition.reading, settings.PARTS.charts(edition.design), system_clock())
    return JsonResponse({"paths": dict(drawn.paths), "readable": drawn.is_readable})


def _clause(edition: Edition, clause_id: str) -> Clause:
    found = next((clause for clause in edition.design.clauses if clause.id == clause_id), None)
    if found is None:
        raise Http404
    return found


def _surroundings(edition: Edition, clause: Clause, now: datetime) -> dict[str, object]:
    """Return what every page about one row needs."""
    zone = edition.bindings.system.zone
    known = current.statuses(now, [clause.id])
    return {
        "edition": edition,
        "clause": clause,
        "row": live_rows([clause.id], known, now, zone)[clause.id],
        "address": evidence_address(clause.id),
        "digest": edition.reading,
        "now": now,
        "zone": zone,
        "refusal": present.refusal(),
    }


def _filtered(sight: Sight, verdict: str, words: str) -> list[FilteredRow]:
    wanted = tuple(FIRING) if verdict == "firing" else (verdict,)
    sought, clauses = words.casefold(), sight.outline.clauses
    return [
        FilteredRow(clauses[row.id], row, evidence_address(row.id))
        for row in worst_first(sight.rows.values())
        if (not verdict or row.verdict in wanted) and sought in clauses[row.id].text.casefold()
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
        "value": from_json(entry.content.get("value")),
        "reason": _in_words(entry.content.get("reason")),
        "run": entry.content.get("run"),
        "sequence": entry.sequence,
        "digest": entry.document_digest,
    }


def _in_words(reason: object) -> str:
    """Return the reason as it is read: an entry holds a message, a run's reason or, if it is old, a text."""
    if isinstance(reason, str) and reason in set(RunReason):
        return str(REASONS[RunReason(reason)])
    return str(from_json(reason))


def _runs(clause: Clause) -> QuerySet[Run]:
    """Return the last runs that *clause* ordered."""
    works = PlannedWork.objects.filter(clause_id=clause.id).values_list("key", flat=True)
    return Run.objects.filter(work__in=list(works)).order_by("-due_at", "-pk")[:_RUNS]


def _own(clause: Clause, request: HttpRequest, times: Mapping[str, object]) -> list[SafeString]:
    """Return what each extension adds to the row's evidence, read at the page's *times*."""
    asked = [loaded(each.evidence)(clause) for each in settings.PARTS.extensions if each.evidence]
    shown = [render_to_string(found[0], {**times, **found[1]}, request) for found in asked if found]
    return [mark_safe(each) for each in shown]  # noqa: S308 - templates have escaped them


def _deliveries(clause: Clause, alerts: Sequence[Alert]) -> QuerySet[Delivery]:
    """Return the notifications about *alerts* and those that *clause* ordered, newest first."""
    # A message about many alerts appears once: a join would return it once for each alert.
    told = Announcement.objects.filter(alerts__in=alerts)
    sent = Delivery.objects.filter(Q(announcement__in=told) | Q(rule_id=clause.id))
    return sent.select_related("announcement").order_by("-created_at", "-pk")[:_HISTORY]


def _sent(delivery: Delivery, now: datetime, edition: Edition) -> dict[str, object]:
    return {
        "at": clock(delivery.created_at, now, edition.bindings.system.zone),
        "title": delivery.announcement.title,
        "rule": delivery.rule_citation,
        "to": f"{delivery.channel} {listed(delivery.recipients)}",
        "state": delivery.state,
        "detail": delivery.receipt or delivery.error,
    }
