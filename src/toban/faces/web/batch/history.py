"""One work: why it ran or did not, how long it took, when it comes next, and what may be ordered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from toban.engine.bindings.model import System
from toban.engine.clock import system_clock
from toban.engine.evidence import current as statuses
from toban.engine.people.access import may_order
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.faces.values.modes import listed_acts
from toban.faces.web.batch.batches import STANDINGS, run_title
from toban.faces.web.batch.daily_figures import days
from toban.faces.web.calendar.due_times import next_times
from toban.faces.web.document.today import midnight_of
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.faces.web.moments import date_in
from toban.faces.web.parts import answer, is_fragment
from toban.faces.web.runs import orders
from toban.faces.web.runs.charts import durations
from toban.faces.web.runs.orders import OrderQuestion
from toban.faces.web.runs.works import OPEN, WorkRow, open_runs, work_of
from toban.faces.words import verdicts as words
from toban.faces.words.runs import RunStatus, because, because_of

_PER_PAGE = 50
_CHARTED = 60
_AROUND = 5
_DAY = timedelta(days=1)
_CONFLICT = 409


@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: HttpRequest, key: str) -> HttpResponse:
    """Show one work; `?state=`, `?from=`, `?to=` and `?page=` choose among its runs.

    `?ask=` asks for the confirmation of an order, and POST gives it: `act` says which.
    """
    edition, now = in_force(), system_clock()
    row = work_of(edition, key)
    if row is None:
        raise Http404
    system = edition.bindings.system
    current = open_runs([key]).get(key)
    if request.method == "POST":
        return _ordered(request, row, current, system, now)
    question = None
    if request.GET.get("ask"):
        question = _question(request, request.GET["ask"], row, current, system, now)
        if is_fragment(request):
            return render(request, "runs/_ask.html", {"question": question})
    return _page(request, row, current, question)


def _page(
    request: HttpRequest, row: WorkRow, current: Run | None, question: OrderQuestion | None, status: int = 200
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    system = edition.bindings.system
    runs = Run.objects.filter(work=row.key)
    page = Paginator(_chosen(request, runs, system), _PER_PAGE).get_page(request.GET.get("page"))
    charted = list(runs.exclude(state__in=OPEN).order_by("-due_at")[:_CHARTED])[::-1]
    sight = None if is_fragment(request) else look(edition, now)
    record = _record(row, sight, now)
    decisive = current or next(reversed(charted), None)
    asked = {name: request.GET.get(name, "") for name in ("state", "from", "to")}
    context = {
        "now": now,
        "zone": system.zone,
        "row": row,
        "modes": [each for each in listed_acts(edition) if each.act.subject.partition("/")[2] == row.key],
        "current": current,
        "why": because_of(decisive, row.planned, now, system.zone) if row.is_running else "",
        # For a work that never ran, the record says no more.
        "record": record if decisive or not row.is_running else "",
        "runs": [(run, because(run, row.planned, now, system.zone)) for run in page],
        "page": page,
        "chart": durations(charted, [run_title(run, now, system.zone) for run in charted]),
        "coming": next_times(row.schedules, system, now, _AROUND),
        # As they were planned: before Toban was there, and by an earlier schedule, it was another matter.
        "passed": _planned_by(runs, now),
        "asked": {"state": asked["state"], "begin": asked["from"], "end": asked["to"]},
        "query": urlencode({name: value for name, value in asked.items() if value}),
        "standings": STANDINGS,
        "days": days(row.key, now.astimezone(system.zone).date()),
    }

    def around() -> Mapping[str, object]:
        acts = _acts(row, current) if row.takes_orders and may_order(request.user) else ()
        shown = sight or look(edition, now)
        return {**frame(shown, "batches"), "acts": acts, "question": question}

    return answer(request, "batch/batch.html", "batch/_batch.html", context, around, status)


def _acts(row: WorkRow, current: Run | None) -> tuple[str, ...]:
    """Return what may be ordered: a work on demand has nothing to skip, unless a run of it waits."""
    return ("run", "skip") if row.next_due is not None or current is not None else ("run",)


def _record(row: WorkRow, sight: Sight | None, now: datetime) -> str:
    """Return the reason of its row's status, if it has one; the whole page knows all statuses anyway."""
    if row.clause is None:
        return ""
    if sight is not None:
        live = sight.rows.get(row.clause.id)
        return live.reason if live is not None else ""
    known = statuses.status_of(row.clause.id, now)
    return str(known.reason) if known is not None else ""


def _planned_by(runs: QuerySet[Run], now: datetime) -> list[datetime]:
    """Return the last due times that the document's schedule gave, newest first."""
    planned = runs.filter(ordered_by="schedule", due_at__lte=now).order_by("-due_at")
    return list(planned.values_list("due_at", flat=True)[:_AROUND])


def _chosen(request: HttpRequest, runs: QuerySet[Run], system: System) -> QuerySet[Run]:
    found = runs.order_by("-due_at", "-pk")
    state = request.GET.get("state", "")
    if state == RunStatus.AWAITING:
        found = found.filter(state=Run.State.WAITING, reason=RunReason.AWAITING_APPROVAL)
    elif state:
        found = found.filter(state=state)
    begin, end = date_in(request.GET.get("from", "")), date_in(request.GET.get("to", ""))
    if begin is not None:
        found = found.filter(due_at__gte=midnight_of(begin, system.zone))
    if end is not None:
        found = found.filter(due_at__lt=midnight_of(end + _DAY, system.zone))
    return found


def _question(
    request: HttpRequest, act: str, row: WorkRow, current: Run | None, system: System, now: datetime
) -> OrderQuestion:
    """Return the question before *act*; raises `Http404` if there is none. Requires permission to order."""
    orders.require_permission(request.user, act, None)
    if row.planned is None or not row.takes_orders:
        raise Http404
    found = orders.asked_of_work(
        act, row.planned, row.label, current, lambda moment: words.clock(moment, now, system.zone)
    )
    if found is None:
        raise Http404
    return found


def _ordered(
    request: HttpRequest, row: WorkRow, current: Run | None, system: System, now: datetime
) -> HttpResponse:
    question = _question(request, request.POST.get("act", ""), row, current, system, now)
    done = orders.give(request, question, row.key, None, now)
    if isinstance(done, OrderQuestion):
        return _page(request, row, current, done, _CONFLICT)
    return redirect("run", done.pk)
