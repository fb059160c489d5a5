"""The reports of incidents by the API: drafted, completed, asked for, and read as files."""

from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Schema

from toban.catalogue import active_language
from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.reports import approval, orders
from toban.chapters.incident.reports.content import ReportAudience, ReportQuestion
from toban.chapters.incident.reports.draft import ReportPart
from toban.chapters.incident.reports.orders import ReportDesk, draft_of
from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.telemetry.present import telemetry
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.incident.schemas import Words
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Turn
from toban.faces.values.incident import report_values, whole_report_values
from toban.message import message_of

router = ScopedRouter()
_READ, _ACT = "read:incidents", "act:incidents"
_REPORTS = "/incidents/{incident_id}/reports"


class ShownIncidentReport(Schema):
    """A version of an incident's report."""

    report: int
    incident: int
    kind: IncidentReport.Kind
    version: int
    state: IncidentReport.State
    answers: dict[ReportQuestion, str]
    """What people wrote."""
    unanswered: list[ReportQuestion]
    """What is still to be written."""
    drafted_at: str
    drafted_by: str
    """Empty if Toban drafted it by itself."""
    approved_at: str | None
    approved_by: str
    digest: str
    """Of what is, or was, approved."""
    request: int | None
    """The request for its approval."""


class ShownReportLine(Schema):
    """A line of a report, in the request's language."""

    label: str
    text: str
    proof: str
    """The numbers of its evidence."""


class ShownReportPart(Schema):
    """A part of a report, in the request's language."""

    part: ReportPart
    heading: str
    lines: list[ShownReportLine]
    asks: str
    """What is still to be written here."""


class ShownWholeReport(ShownIncidentReport):
    """A report as it is read inside the company, in the request's language."""

    title: str
    parts: list[ShownReportPart]


class WantedReport(Asked):
    """Which report is drafted."""

    kind: IncidentReport.Kind


class WantedAnswers(Asked):
    """What only people know; null leaves it as it is, "" takes it back."""

    impact: Words | None = None
    """What customers could not do."""
    cause: Words | None = None
    interim: Words | None = None
    """What was done for now."""
    permanent: Words | None = None
    """What is done for good."""


@router.read(_REPORTS, _READ, Part[ShownIncidentReport])
def listed(request: HttpRequest, incident_id: Number, turn: Query[Turn]) -> Any:
    """List the versions of an incident's reports, the newest first."""
    if not Incident.objects.filter(pk=incident_id).exists():
        raise Http404
    found = IncidentReport.objects.filter(incident=incident_id)
    return cursors.newest(request, turn, found, report_values)


@router.read(_REPORTS + "/{report_id}", _READ, ShownWholeReport)
def one(request: HttpRequest, incident_id: Number, report_id: Number) -> Any:
    """Return a report as it is read inside the company."""
    del request
    return whole_report_values(_report(incident_id, report_id))


@router.file(_REPORTS + "/{report_id}/file", _READ, ("application/pdf", "text/markdown"))
def file(
    request: HttpRequest,
    incident_id: Number,
    report_id: Number,
    form: Literal["pdf", "md"] = "pdf",
    audience: ReportAudience = ReportAudience.INTERNAL,
) -> Any:
    """Return a report as a file; `external` without the names of people and machines."""
    # The modules that make PDFs take long to load, and few readers ask for one.
    from toban.chapters.incident.reports import paper  # noqa: PLC0415
    from toban.engine.paper import NoFont  # noqa: PLC0415

    del request
    report = _report(incident_id, report_id)
    draft, language = draft_of(report), active_language()
    name = f"incident-{incident_id}-{report.kind}-{report.version}-{audience}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "md":
        text = paper.markdown(draft, audience, language)
        return HttpResponse(text, "text/markdown; charset=utf-8", headers=headers)
    try:
        return HttpResponse(paper.pdf(draft, audience, language), "application/pdf", headers=headers)
    except NoFont as missing:
        raise NotPossible(message_of(missing)) from missing


@router.act(_REPORTS, _ACT, ShownIncidentReport, status=201)
def draft(request: HttpRequest, incident_id: Number, wanted: WantedReport, key: IdempotencyKey) -> Any:
    """Draft a report from the evidence. Figures are measured anew, and answers stay."""
    edition = edition_in_force()
    desk = ReportDesk(edition, edition.plan(OPERATION), settings.PARTS.ports, telemetry())
    impact = orders.measured(incident_id, desk, system_clock())
    return ordered(
        request,
        key,
        lambda _name, now: report_values(
            orders.draft(incident_id, wanted.kind, desk, by=_giver(request), now=now, impact=impact)
        ),
    )


@router.act(_REPORTS + "/{report_id}/answers", _ACT, ShownIncidentReport)
def answer(
    request: HttpRequest, incident_id: Number, report_id: Number, wanted: WantedAnswers, key: IdempotencyKey
) -> Any:
    """Write what only people know. One that waits for approval must be asked for again."""
    report, answers = _report(incident_id, report_id).pk, wanted.dict(exclude_none=True)
    return ordered(
        request,
        key,
        lambda _name, now: report_values(orders.answer(report, answers, by=_giver(request), now=now)),
    )


@router.act(_REPORTS + "/{report_id}/ask", _ACT, ShownIncidentReport)
def ask(request: HttpRequest, incident_id: Number, report_id: Number, key: IdempotencyKey) -> Any:
    """Ask for the approval of a report as it is. Whoever wrote in it does not approve it."""
    report, plan = _report(incident_id, report_id), edition_in_force().plan(OPERATION)

    def asked(_name: str, now: datetime) -> dict[str, object]:
        approval.ask(report.pk, plan, by=_giver(request), now=now)
        report.refresh_from_db()
        return report_values(report)

    return ordered(request, key, asked)


def _giver(request: HttpRequest) -> Giver:
    return giver_of(request)


def _report(incident: int, number: int) -> IncidentReport:
    found = IncidentReport.objects.filter(pk=number, incident=incident).first()
    if found is None:
        raise Http404
    return found
