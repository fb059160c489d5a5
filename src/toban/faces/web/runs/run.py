"""One run: its progress, what it did and wrote, why, and what may be ordered for it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from toban.engine.changes.query import BEFORE
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.approval import subject_name
from toban.engine.runs.leads import LEADS
from toban.engine.runs.models import Attempt, FinishedStep, Run, RunLog
from toban.engine.runs.output.written import whole_log
from toban.engine.runs.rules import RunReason
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.approvals.shown import shown_requests
from toban.faces.web.changes.near import ChangesNear, near
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import answer, is_fragment
from toban.faces.web.proof import ask_proof, has_proved
from toban.faces.web.runs import orders
from toban.faces.web.runs.charts import length_of
from toban.faces.web.runs.orders import OrderQuestion
from toban.faces.web.runs.works import OPEN, WorkRow, usual_lengths, work_of
from toban.faces.words.runs import because, outcome
from toban.faces.words.verdicts import WORDS
from toban.message import from_json

_ACTS = ("approve", "refuse", "cancel", "again", "break-glass")
_LINES = 500
"""Lines of the log on the page and in each part that follows; the whole is at the log's own address."""
_ENTRIES = 50
_LONGEST_RESULT = 300
_LONGEST_FACT = 60
"""Characters."""
_CONFLICT = 409
_LONGEST_NUMBER = 20
"""Digits: no database has a greater number."""
_ORDERED: Mapping[str, Promise] = {
    "run": gettext_lazy("実行を依頼"),
    "cancel": gettext_lazy("中止した"),
    "skip": gettext_lazy("見送り"),
    "again": gettext_lazy("やり直した"),
    "approve": gettext_lazy("承認した"),
    "refuse": gettext_lazy("却下した"),
    "break-glass": gettext_lazy("承認なしで進めた"),
    "review-break-glass": gettext_lazy("承認なしの実行を確認した"),
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step that is finished."""

    step: FinishedStep
    took: timedelta
    result: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One claim of the run by a worker."""

    number: int
    attempt: Attempt
    took: timedelta | None
    outcome: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of the evidence about the run."""

    entry: LedgerEntry
    said: str
    note: str


@require_http_methods(["GET", "HEAD", "POST"])
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one run; `?ask=` asks for the confirmation of an order, and POST gives it: `act` says which."""
    found = _run(pk)
    row = work_of(in_force(), found.work)
    if row is None:
        raise Http404
    steps = tuple(found.steps.order_by("pk").values_list("name", flat=True))
    if request.method == "POST":
        question = _question(request, request.POST.get("act", ""), found, row, steps)
        if question.needs_proof and not has_proved(request):
            return ask_proof(request, f"{request.path}?ask={question.act}#ask")
        done = orders.give(request, question, found.work, found, system_clock())
        if isinstance(done, OrderQuestion):
            return _page(request, _run(pk), row, done, _CONFLICT)
        return redirect("run", done.pk)
    if not request.GET.get("ask"):
        return _page(request, found, row, None)
    question = _question(request, request.GET["ask"], found, row, steps)
    if question.needs_proof and not has_proved(request):
        # Before anything is typed, which would be lost on the way.
        return ask_proof(request, f"{request.path}?ask={question.act}#ask")
    if is_fragment(request):
        return render(request, "runs/_ask.html", {"question": question})
    return _page(request, found, row, question)


@require_safe
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the run's whole log as text; to the page's script, what comes after `?after=`."""
    found = _run(pk)
    if not is_fragment(request):
        return HttpResponse(_whole_text(found), content_type="text/plain; charset=utf-8")
    after = request.GET.get("after", "0")
    if not after.isdecimal() or len(after) > _LONGEST_NUMBER:
        raise Http404
    lines = list(found.log.filter(pk__gt=int(after)).order_by("pk")[:_LINES])
    if not lines and found.state in OPEN:
        return HttpResponse(status=204)
    zone = in_force().bindings.system.zone
    return render(request, "runs/_log.html", _log_context(found, lines, int(after), system_clock(), zone))


def _whole_text(found: Run) -> str:
    try:
        lines = list(whole_log(found, telemetry()))
    except StoreUnavailable:
        # The beginning is better than nothing, and its last line says that it is only the beginning.
        lines = list(whole_log(found, None))
    return "".join(f"{line.at.isoformat()} {line.step} {line.text}\n" for line in lines)


def _run(pk: int) -> Run:
    found = Run.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, found: Run, row: WorkRow, question: OrderQuestion | None, status: int = 200
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    zone = edition.bindings.system.zone
    steps = list(_steps(found))
    context = {
        "now": now,
        "zone": zone,
        "run": found,
        "row": row,
        "why": because(found, row.planned, now, zone),
        "is_open": found.state in OPEN,
        "went_on": now - found.began_at if found.began_at and found.ended_at is None else None,
        "took": length_of(found),
        "usual": usual_lengths([found.work]).get(found.work),
        "steps": steps,
        "acts": list(_acts(request, found, row, tuple(each.step.name for each in steps))),
        "hosts": list(found.hosts.order_by("pk")),
        "attempts": list(_attempts(found)),
        "approvals": shown_requests(subject_name(found.pk), request.user, edition, now),
        "entries": list(_entries(found)),
        "leads": list(_leads(found)),
        "near": _changed(edition, found, now),
        "earlier": _beside(found, "-due_at", due_at__lt=found.due_at),
        "later": _beside(found, "due_at", due_at__gt=found.due_at),
    }

    def around() -> Mapping[str, object]:
        lines = list(found.log.order_by("-pk")[:_LINES])[::-1]
        return {
            **frame(look(edition, now), "batches"),
            **_log_context(found, lines, 0, now, zone),
            "is_cut": len(lines) == _LINES,
            "question": question,
        }

    return answer(request, "runs/run.html", "runs/_run.html", context, around, status)


def _changed(edition: Edition, found: Run, now: datetime) -> ChangesNear:
    """Return what changed before the run and while it went on."""
    names = tuple(filter(None, (found.work, found.clause_id)))
    return near(edition, names, (found.began_at or found.due_at) - BEFORE, found.ended_at or now)


def _log_context(
    found: Run, lines: list[RunLog], after: int, now: datetime, zone: tzinfo
) -> dict[str, object]:
    return {
        "run": found,
        "lines": lines,
        "last": lines[-1].pk if lines else after,
        "goes_on": found.state in OPEN or len(lines) == _LINES,
        "now": now,
        "zone": zone,
    }


def _beside(found: Run, order: str, **where: datetime) -> Run | None:
    return Run.objects.filter(work=found.work, **where).order_by(order).first()


def _steps(found: Run) -> Iterator[StepRow]:
    for step in found.steps.order_by("pk"):
        text = "" if step.result is None else _as_text(step.result)
        is_cut = len(text) > _LONGEST_RESULT
        yield StepRow(step, step.ended_at - step.began_at, text[:_LONGEST_RESULT], is_cut)


def _as_text(result: object) -> str:
    """Return what a step has left for those after it: its facts in one line, and for a list its length."""
    match result:
        case str():
            return result
        case {"code": str(), "values": dict()}:
            return str(from_json(result))
        case dict():
            return "、".join(f"{name} {_briefly(value)}" for name, value in result.items())
        case _:
            return _briefly(result)


def _briefly(value: object) -> str:
    match value:
        case str():
            return value if len(value) <= _LONGEST_FACT else f"{value[:_LONGEST_FACT]}…"
        case list() | dict():
            return f"({len(value)})"
        case _:
            return json.dumps(value)


def _leads(run: Run) -> Iterator[Mapping[str, str]]:
    for leads in settings.PARTS.ports.all(LEADS):
        if (link := leads(run.pk)) is not None:
            yield {"label": str(link.label), "address": reverse(link.page, args=link.arguments)}


def _attempts(found: Run) -> Iterator[AttemptRow]:
    for number, attempt in enumerate(found.attempts.order_by("fence"), 1):
        took = attempt.ended_at - attempt.began_at if attempt.ended_at is not None else None
        ended = outcome(RunReason(attempt.outcome)) if attempt.outcome else ""
        yield AttemptRow(number, attempt, took, ended)


def _entries(found: Run) -> Iterator[EntryRow]:
    """Yield the evidence about the run: how it ended, and who ordered what."""
    of_row = LedgerEntry.objects.filter(clause_id=found.clause_id, content__run=found.pk)
    for entry in of_row.order_by("-sequence")[:_ENTRIES]:
        content = entry.content
        verdict = content.get("verdict")
        said = str(WORDS[Verdict(verdict)]) if verdict else _ORDERED.get(str(content.get("order")), "")
        yield EntryRow(entry, str(said), str(content.get("said") or from_json(content.get("note"))))


def _question(
    request: HttpRequest, act: str, found: Run, row: WorkRow, steps: tuple[str, ...]
) -> OrderQuestion:
    """Return the question before *act*; raises `Http404` if there is none. Requires permission to give it."""
    orders.require_permission(request.user, act, found)
    question = orders.asked_of_run(act, found, row.label, steps)
    if question is None or not row.takes_orders:
        raise Http404
    return question


def _acts(request: HttpRequest, found: Run, row: WorkRow, steps: tuple[str, ...]) -> Iterator[str]:
    for act in _ACTS if row.takes_orders else ():
        if orders.asked_of_run(act, found, row.label, steps) and orders.may_give(request.user, act, found):
            yield act
