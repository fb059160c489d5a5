"""Backups: what can be brought back, the catalogue, one backup with all its facts, and restore drills."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.catalogue import active_language
from toban.chapters.backup.drills.check import checks_of
from toban.chapters.backup.models import Backup, Drill, LogStretch
from toban.chapters.backup.report import phase
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.duty import DutyRole
from toban.design.reader import Design
from toban.engine.bindings.model import System
from toban.engine.calendar.due import lasts
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.timing import office_hours
from toban.engine.runs.models import Run
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow
from toban.faces.web.backup import chains
from toban.faces.web.backup.chains import Subject
from toban.faces.web.backup.charts import sizes
from toban.faces.web.backup.words import HOLDINGS, METHODS, Holding, holding, method
from toban.faces.web.document.today import midnight_of
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.faces.web.moments import date_in
from toban.faces.words.verdicts import clock
from toban.message import Message

_PER_PAGE = 50
_DRILLS = 20
_OBJECTS = 200
_DAY = timedelta(days=1)
_HEAVY = ("objects_stored", "facts")
"""Fields that lists need not read: a backup may have thousands of objects."""

_USABLE = Q(pruned_at=None, trouble__code="", has_base=True)
_FILTERS: Mapping[str, Q] = {
    Holding.WHOLE: _USABLE & Q(verified_at__isnull=False),
    Holding.UNREAD: _USABLE & Q(verified_at=None),
    Holding.TROUBLED: Q(pruned_at=None) & (Q(trouble__code__gt="") | Q(has_base=False)),
    Holding.PRUNED: Q(pruned_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A row of the document's chapter 4, with its status."""

    clause: Clause
    live: LiveRow
    address: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a drill."""

    name: Message
    took: timedelta
    share: int
    """In percent of the longest phase."""


@require_safe
def backups(request: HttpRequest) -> HttpResponse:
    """Show what can be brought back, and the catalogue.

    `?subject=`, `?method=`, `?state=`, `?from=`, `?to=` and `?page=` filter the catalogue.
    """
    edition, now = in_force(), system_clock()
    sight = look(edition, now)
    asked = {name: request.GET.get(name, "") for name in ("subject", "method", "state", "from", "to")}
    chosen = _chosen(asked, edition.bindings.system)
    page = Paginator(chosen, _PER_PAGE).get_page(request.GET.get("page"))
    drills = list(Drill.objects.order_by("started_at"))
    subjects = _subjects(edition, drills, now)
    context = {
        **frame(sight, "backups"),
        "subjects": subjects,
        "charted": [(each, sizes(each.fulls, lambda at: clock(at, now, sight.zone))) for each in subjects],
        "rows": list(_rows(edition.design, sight)),
        "page": page,
        "listed": [(each, *_held(each)) for each in page],
        "asked": {**asked, "begin": asked["from"], "end": asked["to"]},
        "query": urlencode({name: value for name, value in asked.items() if value}),
        "methods": [(name, word) for name, word in METHODS.items()],
        "holdings": [(each.value, word) for each, (_mark, word) in HOLDINGS.items()],
        "drills": list(reversed(drills[-_DRILLS:])),
        "is_empty": not any(each.count or each.drill for each in subjects) and not page.paginator.count,
    }
    return render(request, "backup/backups.html", context)


@require_safe
def backup(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one backup with every fact that the catalogue has about it."""
    edition, now = in_force(), system_clock()
    found = Backup.objects.with_bases().filter(pk=pk).first()
    if found is None:
        raise Http404
    beside = Backup.objects.with_bases().filter(subject=found.subject).defer(*_HEAVY)
    mark, word, kind = _held(found)
    context = {
        **frame(look(edition, now), "backups"),
        "backup": found,
        "method": method(found),
        "mark": mark,
        "word": word,
        "kind": kind,
        "clause": next((each for each in edition.design.clauses if each.id == found.clause_id), None),
        "parent": beside.filter(label=found.parent).first() if found.parent else None,
        "children": beside.filter(parent=found.label).order_by("ended_at"),
        "objects": found.objects_stored[:_OBJECTS],
        "objects_total": len(found.objects_stored),
        "facts": json.dumps(found.facts, ensure_ascii=False, indent=2) if found.facts else "",
        "took": found.ended_at - found.started_at,
        "share": round(found.stored_bytes / found.source_bytes * 100) if found.source_bytes else None,
        "drills": Drill.objects.filter(subject=found.subject, label=found.label).order_by("-started_at"),
    }
    return render(request, "backup/backup.html", context)


@require_safe
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the drill's certificate as a PDF; 503 with a hint if no Japanese font is installed."""
    # The modules that make PDFs take long to load, and few readers ask for one.
    from toban.chapters.backup.drills import certificate as sheet  # noqa: PLC0415
    from toban.engine.evidence.certificate import pdf  # noqa: PLC0415
    from toban.engine.paper import NoFont  # noqa: PLC0415

    del request
    edition, found = in_force(), Drill.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    try:
        certified = sheet.certificate(found, edition.design, edition.bindings.system)
        made = pdf(certified, active_language())
    except NoFont as missing:
        return HttpResponse(str(missing), "text/plain; charset=utf-8", 503)
    answer = HttpResponse(made, "application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="toban-drill-{pk}.pdf"'
    return answer


@require_safe
def drill(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one restore drill as a certificate, fit to print."""
    edition, now = in_force(), system_clock()
    found = Drill.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    objectives = {each.objective: each for each in edition.design.of(RecoveryObjective)}
    context = {
        **frame(look(edition, now), "backups"),
        "drill": found,
        "clause": next((each for each in edition.design.clauses if each.id == found.clause_id), None),
        "backup": Backup.objects.filter(subject=found.subject, label=found.label).defer(*_HEAVY).first(),
        "run": Run.objects.filter(pk=found.run).first() if found.run else None,
        "rpo": _measured(found.rpo_seconds),
        "rto": _measured(found.rto_seconds),
        "rpo_limit": objectives.get("RPO"),
        "rpo_longest": _longest(objectives.get("RPO"), found.started_at, edition),
        "rto_limit": objectives.get("RTO"),
        "rto_longest": _longest(objectives.get("RTO"), found.started_at, edition),
        "checks": checks_of(found),
        "phases": list(_phases(found.phases)),
        "system": edition.bindings.system.name or edition.design.document,
    }
    return render(request, "backup/drill.html", context)


def _longest(objective: RecoveryObjective | None, start: datetime, edition: Edition) -> timedelta | None:
    if objective is None:
        return None
    system = edition.bindings.system
    office = office_hours(edition.design.of(DutyRole), system.office_hours)
    return lasts(objective.limit, start, system, office)


def _subjects(edition: Edition, drills: Sequence[Drill], now: datetime) -> list[Subject]:
    """Return every subject with its backups and the newest of its *drills*; a few queries for all."""
    kept: dict[str, list[Backup]] = defaultdict(list)
    stored = Backup.objects.with_bases().filter(pruned_at=None).defer(*_HEAVY)
    for each in stored.order_by("ended_at", "label"):
        kept[each.subject].append(each)
    log: dict[str, list[LogStretch]] = defaultdict(list)
    for stretch in LogStretch.objects.order_by("durable_to"):
        log[stretch.subject].append(stretch)
    newest, design = {drill.subject: drill for drill in drills}, edition.design

    def longest(objective: RecoveryObjective, start: datetime) -> timedelta | None:
        return _longest(objective, start, edition)

    return [
        chains.subject(
            name, kept[name], log[name], newest.get(name), chains.objective_of(design, name), now, longest
        )
        for name in chains.subjects_of(design, {*kept, *log, *newest})
    ]


def _rows(design: Design, sight: Sight) -> Iterator[PolicyRow]:
    for clause in design.clauses:
        if isinstance(clause, BackupPolicy | RecoveryObjective):
            yield PolicyRow(clause, sight.rows[clause.id], evidence_address(clause.id))


def _chosen(asked: Mapping[str, str], system: System) -> QuerySet[Backup]:
    found = Backup.objects.with_bases().defer(*_HEAVY).order_by("-ended_at", "-label")
    if asked["subject"]:
        found = found.filter(subject=asked["subject"])
    if asked["method"]:
        found = found.filter(method=asked["method"])
    if asked["state"]:
        found = found.filter(_FILTERS.get(asked["state"], Q(pk=None)))
    begin, end = date_in(asked["from"]), date_in(asked["to"])
    if begin is not None:
        found = found.filter(ended_at__gte=midnight_of(begin, system.zone))
    if end is not None:
        found = found.filter(ended_at__lt=midnight_of(end + _DAY, system.zone))
    return found


def _held(found: Backup) -> tuple[str, str, str]:
    """Return the mark, the word and the kind of a backup's state."""
    kind = holding(found)
    mark, word = HOLDINGS[kind]
    return mark, str(word), kind.value


def _measured(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds is not None else None


def _phases(phases: Mapping[str, float]) -> Iterator[Phase]:
    longest = max(phases.values(), default=0.0)
    for name, seconds in phases.items():
        yield Phase(
            phase(name),
            timedelta(seconds=seconds),
            round(seconds / longest * 100) if longest else 0,
        )
