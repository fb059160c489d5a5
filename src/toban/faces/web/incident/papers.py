"""Reports as files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from toban.catalogue import LANGUAGES, active_language
from toban.chapters.incident.models import IncidentReport
from toban.chapters.incident.reports.content import ReportAudience
from toban.chapters.incident.reports.orders import draft_of


@require_safe
def paper(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Return report *pk* as `pdf` or `md`: for `?for=external` or internal readers, in the `?language=`."""
    # The modules that make PDFs take long to load, and few readers ask for one.
    from toban.chapters.incident.reports import paper as sheet  # noqa: PLC0415
    from toban.engine.paper import NoFont  # noqa: PLC0415

    found = IncidentReport.objects.filter(pk=pk).first()
    if found is None or form not in ("pdf", "md"):
        raise Http404
    is_external = request.GET.get("for") == ReportAudience.EXTERNAL
    audience = ReportAudience.EXTERNAL if is_external else ReportAudience.INTERNAL
    asked = request.GET.get("language", "")
    language, draft = asked if asked in LANGUAGES else active_language(), draft_of(found)
    name = f"incident-{found.incident_id}-{found.kind}-{found.version}-{audience}.{form}"
    if form == "md":
        answer = HttpResponse(sheet.markdown(draft, audience, language), "text/markdown; charset=utf-8")
    else:
        try:
            answer = HttpResponse(sheet.pdf(draft, audience, language), "application/pdf")
        except NoFont as missing:
            return HttpResponse(str(missing), "text/plain; charset=utf-8", 503)
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
