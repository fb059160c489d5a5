"""What proves the rows: the steps of a release, the newest ways back, the certificate of a drill."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from toban.catalogue import active_language
from toban.chapters.release.drills.record import checks_of
from toban.chapters.release.models import Release, RollbackDrill
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.rows.flow import Evidence
from toban.chapters.release.rows.way import BY_HAND, evidence_of
from toban.design.clauses.base import Clause
from toban.design.clauses.release import DeployFlow, RollbackProcedure
from toban.engine.extension import Link
from toban.faces.web.frame import in_force
from toban.message import Message

_NEWEST = 5
_MARKS = {
    Evidence.GIVEN: "●",
    Evidence.MISSING: "■",
    Evidence.UNKNOWN: "?",
    Evidence.AHEAD: "◇",
    Evidence.BY_PEOPLE: "–",
}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of the flow as a page shows it."""

    mark: str
    text: str
    said: Message
    url: str
    """Where it can be seen; empty if nowhere."""


def steps_of(release: Release) -> Sequence[ShownStep]:
    """Return how *release* stands at each step of the flow in force."""
    return [
        ShownStep(_MARKS[each.evidence], each.step.text, each.said, each.url or _url(each.link))
        for each in evidence_of(release, in_force().plan(OPERATION))
    ]


def drill_of(release: Release) -> dict[str, object] | None:
    """Return what the drill *release* showed; None if it is none, or not over."""
    drill = RollbackDrill.objects.filter(release=release).first()
    if drill is None:
        return None
    return {
        "kept": drill,
        "checks": checks_of(drill),
        "heading": Message("release-rows.checks"),
        "certificate": Message("release-rows.certificate"),
    }


def shown(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    found = Release.objects.select_related("artifact").order_by("-pk")
    match clause:
        case DeployFlow():
            plan = in_force().plan(OPERATION)
            last = [there[-1].name for name in plan.services if (there := plan.of(name))]
            served = found.filter(kind__in=BY_HAND, deployment__in=last, served_at__isnull=False)
            newest = served.order_by("-served_at").first()
            steps = steps_of(newest) if newest is not None else ()
            return "release/_steps.html", {"release": newest, "steps": steps, "heading": STEPS}
        case RollbackProcedure():
            backs = found.filter(kind__in=(Release.Kind.ROLLBACK, Release.Kind.DRILL))[:_NEWEST]
            return "release/_backs.html", {"backs": backs, "heading": Message("release-rows.newest-backs")}
        case _:
            return None


STEPS = Message("release-rows.steps-heading")


@require_safe
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the certificate of the drill *pk* as a PDF; 503 with a hint if no Japanese font is installed."""
    # The modules that make PDFs take long to load, and few readers ask for one.
    from toban.chapters.release.drills import certificate as sheet  # noqa: PLC0415
    from toban.engine.evidence.certificate import pdf  # noqa: PLC0415
    from toban.engine.paper import NoFont  # noqa: PLC0415

    del request
    edition = in_force()
    related = ("release__artifact", "release__former")
    drill = RollbackDrill.objects.select_related(*related).filter(release__pk=pk).first()
    if drill is None:
        raise Http404
    try:
        made = pdf(sheet.certificate(drill, edition.design, edition.bindings.system), active_language())
    except NoFont as missing:
        return HttpResponse(str(missing), "text/plain; charset=utf-8", 503)
    answer = HttpResponse(made, "application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="toban-rollback-drill-{pk}.pdf"'
    return answer


def _url(link: Link | None) -> str:
    return reverse(link.page, args=link.arguments) if link is not None else ""
