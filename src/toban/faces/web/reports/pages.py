"""The monthly report as a page, and as files to take away."""

from collections.abc import Mapping
from datetime import date, datetime, time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.catalogue import active_language
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.engine.reports.month import ReportMonth, month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.faces.report.files import FILES, ReportFile
from toban.faces.report.names import for_customers
from toban.faces.report.written import WrittenChart, WrittenMonthly, written
from toban.faces.web.charts import Chart, ChartLine, ChartRow, DrawnLimit, Tone, figure
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import message_of

_HALF_DAY = time(12)
_MOST_MONTHS = 36


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """List the months for which there is evidence, the newest first."""
    edition, now = in_force(), system_clock()
    context = {**frame(look(edition, now), "reports"), "months": _months(edition, now)}
    return render(request, "reports/list.html", context)


@require_safe
def report(request: HttpRequest, month: str) -> HttpResponse:
    """Show the report on *month*; `?file=` gives it as a file, and `?names=no` the edition for customers."""
    edition, now = in_force(), system_clock()
    try:
        of = month_named(month, edition.bindings.system.zone, now)
    except NotPossible as wrong:
        context = {**frame(look(edition, now), "reports"), "refused": words.refused(wrong)}
        return render(request, "reports/refused.html", context, status=404)
    made = make(edition, settings.PARTS, of)
    if request.GET.get("names") == "no":
        made = for_customers(made, edition, active_language())
    if (kind := FILES.get(request.GET.get("file", ""))) is not None:
        return _file(request, made, kind)
    return render(request, "reports/report.html", _context(made, edition, now))


def _file(request: HttpRequest, made: MonthlyReport, kind: ReportFile) -> HttpResponse:
    # The modules that make PDFs take long to load.
    from toban.engine.paper import NoFont  # noqa: PLC0415

    try:
        content = kind.make(made, active_language())
    except NoFont as error:
        context = {**frame(look(in_force(), made.month.known_at), "reports"), "refused": message_of(error)}
        return render(request, "reports/refused.html", context, status=503)
    response = HttpResponse(content, content_type=kind.media_type)
    response["Content-Disposition"] = f'attachment; filename="report-{made.month.name}{kind.suffix}"'
    return response


def _months(edition: Edition, now: datetime) -> list[ReportMonth]:
    zone, began = edition.bindings.system.zone, ledger.began_at()
    first = (began or now).astimezone(zone).date().replace(day=1)
    found = [month_named(f"{now.astimezone(zone):%Y-%m}", zone, now)]
    while found[-1].before >= first and len(found) < _MOST_MONTHS:
        found.append(ReportMonth(found[-1].before, zone, now))
    return found


def _context(made: MonthlyReport, edition: Edition, now: datetime) -> Mapping[str, object]:
    said, month = written(made, active_language()), made.month
    following = ReportMonth(month.following, month.zone, now)
    return {
        **frame(look(edition, now), "reports"),
        "report": said,
        "without_names": made.is_without_names,
        "charts": {
            section.part: [_chart(each, said, month) for each in section.charts] for section in said.sections
        },
        "before": ReportMonth(month.before, month.zone, now),
        "after": following if following.span[0] <= now else None,
        "files": list(FILES),
    }


def _chart(of: WrittenChart, said: WrittenMonthly, month: ReportMonth) -> Chart:
    start, end = month.span
    unit = of.unit
    return Chart(
        title=of.title,
        start=start,
        end=end,
        heads=(said.words.day, said.words.value),
        rows=[
            ChartRow(
                datetime.combine(date.fromisoformat(day), _HALF_DAY, month.zone),
                day,
                (figure(value, unit) if value is not None else "—",),
            )
            for day, value in of.bars
        ],
        lines=[ChartLine(of.title, Tone.ACCENT, [value for _, value in of.bars])],
        unit=unit,
        limits=[DrawnLimit(Tone.BAD, of.limit, figure(of.limit, unit))] if of.limit is not None else [],
    )
