"""Game days: what can be broken on purpose, what the calendar breaks next, and what has answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toban.catalogue import active_language
from toban.chapters.incident.gameday import holding, looking, ordering
from toban.chapters.incident.gameday.bindings import GAME_DAYS
from toban.chapters.incident.gameday.coming import coming
from toban.chapters.incident.gameday.foreseen import foreseen
from toban.chapters.incident.gameday.ordering import GameDayOrder, bound_failure
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.gameday.watching import Check, Part, check_from_json, checks
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.faces.web import parts
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import Message

_PER_PAGE, _CONFLICT = 50, 409
_HEADING = Message("incident-gameday.page")


@dataclass(frozen=True, slots=True)
class ListedFailure:
    """A failure that can be made, with its last game day and its next."""

    planned: PlannedGameDay
    last: GameDay | None
    run: Run | None
    """The last run, if it has made nothing: its note says why."""
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedGameDay:
    """A game day, with what has answered, by the parts of the chain."""

    game_day: GameDay
    checks: Sequence[tuple[Message, Check | None]]


@require_safe
def game_days(request: HttpRequest) -> HttpResponse:
    """List the failures that can be made, and the game days, of one `?failure=` if it is given."""
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    failure = request.GET.get("failure", "")
    held = GameDay.objects.order_by("-broken_at", "-pk")
    held = held.filter(pattern=failure) if failure else held
    page = Paginator(held, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "may": may_order(request.user),
        "failures": _failures(plan),
        "schedule": GAME_DAYS.of(edition.bindings).schedule,
        "waiting": ordering.waiting_runs().first(),
        "page": page,
        "failure": failure,
        "query": urlencode({"failure": failure}) if failure else "",
        "listed": [ListedGameDay(each, _columns(_checks(each, plan))) for each in page],
        "names": [_name(each) for each in Part],
    }

    def around() -> Mapping[str, object]:
        return {**frame(look(edition, now), "incidents"), "heading": _HEADING}

    return parts.answer(
        request, "incident/gameday/game_days.html", "incident/gameday/_game_days.html", context, around
    )


@require_safe
def game_day(request: HttpRequest, pk: int) -> HttpResponse:
    """Show game day *pk*: what has answered beside the document's limits, also while it is going on."""
    edition, now, found = in_force(), system_clock(), _found(pk)
    plan = edition.plan(OPERATION)
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "found": found,
        "is_running": found.state == GameDay.State.RUNNING,
        "checks": _checks(found, plan),
        "times": [
            (Message(f"incident-gameday.time-{name}"), datetime.fromisoformat(at))
            for name, at in sorted(found.times.items(), key=lambda each: each[1])
        ],
        "row": next((each for each in edition.design.clauses if each.id == found.clause_id), None),
    }

    def around() -> Mapping[str, object]:
        return {**frame(look(edition, now), "incidents"), "heading": _HEADING}

    return parts.answer(
        request, "incident/gameday/game_day.html", "incident/gameday/_game_day.html", context, around
    )


@require_safe
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the certificate as a PDF; 503 with a hint if no Japanese font is installed."""
    # The modules that make PDFs take long to load, and few readers ask for one.
    from toban.chapters.incident.gameday import certificate as sheet  # noqa: PLC0415
    from toban.engine.evidence.certificate import pdf  # noqa: PLC0415
    from toban.engine.paper import NoFont  # noqa: PLC0415

    del request
    edition, found = in_force(), _found(pk)
    if found.state == GameDay.State.RUNNING:
        raise Http404
    try:
        made = pdf(sheet.certificate(found, edition.design, edition.bindings.system), active_language())
    except NoFont as missing:
        return HttpResponse(str(missing), "text/plain; charset=utf-8", 503)
    answer = HttpResponse(made, "application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="game-day-{pk}.pdf"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest) -> HttpResponse:
    """Show what a game day of `failure` breaks and mends; POST with its `name` has it made."""
    if not may_order(request.user):
        raise PermissionDenied
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    form = request.POST if request.method == "POST" else request.GET
    try:
        planned = bound_failure(form.get("failure", ""), plan)
    except NotPossible as exc:
        raise Http404 from exc
    refusal = None
    if request.method == "POST":
        try:
            _order(request, planned, plan, now)
        except NotPossible as exc:
            refusal = exc
        else:
            messages.success(request, _("ゲームデーを指示しました。ワーカーが数秒以内に始めます。"))
            return redirect("game-days")
    return _question(request, edition, planned, refusal)


def _order(request: HttpRequest, planned: PlannedGameDay, plan: IncidentPlan, now: datetime) -> None:
    failure = planned.row.name
    if request.POST.get("shown") != plan.acting_digest:
        raise NotPossible(
            Message("incident-gameday.bindings-changed"), Message("incident-gameday.look-again")
        )
    if request.POST.get("name", "").strip() != failure:
        raise NotPossible(Message("incident-gameday.type-the-name", failure=failure))
    account = Operator.objects.get(username=request.user.get_username())
    ordering.order(GameDayOrder(failure, plan, Giver(account)), now)


def _question(
    request: HttpRequest, edition: Edition, planned: PlannedGameDay, refusal: NotPossible | None
) -> HttpResponse:
    plan, now = edition.plan(OPERATION), system_clock()
    against = refusal or ordering.why_not_ordered(planned, now)
    context = {
        **frame(look(edition, now), "incidents"),
        "heading": _HEADING,
        "planned": planned,
        "says": [str(each).strip() for each in foreseen(planned, plan)],
        "shown": plan.acting_digest,
        "refused": words.refused(against) if against is not None else None,
        "typed": request.POST.get("name", ""),
    }
    status = 200 if refusal is None else _CONFLICT
    return render(request, "incident/gameday/hold.html", context, status=status)


def _found(pk: int) -> GameDay:
    found = GameDay.objects.select_related("incident", "run").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _failures(plan: IncidentPlan) -> list[ListedFailure]:
    next_at = coming(holding.works(plan))
    return [_listed(each, next_at.get(key)) for key, each in plan.game_days.items()]


def _listed(planned: PlannedGameDay, next_at: datetime | None) -> ListedFailure:
    last = GameDay.objects.filter(clause_id=planned.row.id).order_by("-broken_at", "-pk").first()
    run = Run.objects.filter(work=planned.key).exclude(note__code="").order_by("-pk").first()
    is_refused = run is not None and not GameDay.objects.filter(run=run).exists()
    return ListedFailure(planned, last, run if is_refused else None, next_at)


def _checks(found: GameDay, plan: IncidentPlan) -> Sequence[Check]:
    """Return what has answered, with the limits; of one that goes on, what has until now."""
    if found.state != GameDay.State.RUNNING:
        return [check_from_json(each) for each in found.checks]
    planned = next((each for each in plan.game_days.values() if each.row.id == found.clause_id), None)
    if planned is None or "broken" not in found.times:
        return ()
    return checks(looking.seen(found, planned, plan), looking.terms(found, planned, plan))


def _columns(found: Sequence[Check]) -> Sequence[tuple[Message, Check | None]]:
    by_part = {each.part: each for each in found}
    return [(_name(part), by_part.get(part)) for part in Part]


def _name(part: Part) -> Message:
    return Message(f"incident-gameday.part-{part}")
