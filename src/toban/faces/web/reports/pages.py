"""The monthly report as a page, and as files to take away."""

from collections.abc import Mapping
from datetime import date, datetime, time
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toban.catalogue import active_language
from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.reports.kept.keeping import keep, newest, numbered, report_of
from toban.engine.reports.kept.logo import logo_of
from toban.engine.reports.kept.remarking import WantedRemark, is_open, remark, withdraw
from toban.engine.reports.kept.signing import subjects_of
from toban.engine.reports.models import KeptReport
from toban.engine.reports.month import ReportMonth, month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.faces.report.files import FILES, ReportFile
from toban.faces.report.names import for_customers
from toban.faces.report.written import WrittenChart, WrittenMonthly, written
from toban.faces.web.approvals.shown import ShownRequest, shown_requests
from toban.faces.web.charts import Chart, ChartLine, ChartRow, DrawnLimit, Tone, figure
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import message_of

_HALF_DAY = time(12)
_MOST_MONTHS = 36
_CONFLICT = 409
_DIGITS, _LONGEST_NUMBER = 4, 18
"""Digits of an edition, and of a number that every database takes."""


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """List the months for which there is evidence, the newest first, with what is kept of each."""
    edition, now = in_force(), system_clock()
    kept: dict[date, list[KeptReport]] = {}
    for each in KeptReport.objects.defer("content").order_by("edition"):
        kept.setdefault(each.month, []).append(each)
    months = [(each, kept.get(each.first, ())) for each in _months(edition, now)]
    context = {**frame(look(edition, now), "reports"), "months": months}
    return render(request, "reports/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, month: str) -> HttpResponse:
    """Show the report on *month*: the newest edition that is kept, else as it is known now.

    `?edition=` shows another, and `?anew=yes` what is known now; `?file=` gives it as a file, and `?names=no`
    the edition for customers. POST keeps it, or changes remarks, by the form's `act`.
    """
    edition, now = in_force(), system_clock()
    try:
        of = month_named(month, edition.bindings.system.zone, now)
        if request.method == "POST":
            return _act(request, of, edition, now)
        made = _made(request, of, edition)
    except NotPossible as wrong:
        return _refused(request, wrong, 404 if request.method != "POST" else _CONFLICT)
    if request.GET.get("names") == "no":
        made = for_customers(made, edition, active_language())
    if (kind := FILES.get(request.GET.get("file", ""))) is not None:
        return _file(request, made, kind)
    return render(request, "reports/report.html", _context(request, made, edition, now))


@require_safe
def logo(_request: HttpRequest) -> HttpResponse:
    """Return the logo on the report."""
    found = logo_of(in_force().bindings)
    if found is None or found.kind is None:
        raise Http404
    response = HttpResponse(found.content, content_type=found.kind.value)
    # Opened by itself, a drawing is a page of its own: it may load nothing, and run nothing.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _made(request: HttpRequest, month: ReportMonth, edition: Edition) -> MonthlyReport:
    written = request.GET.get("edition", "")
    if written:
        number = int(written) if written.isascii() and written.isdigit() and len(written) <= _DIGITS else 0
        return report_of(numbered(month, number), edition.bindings)
    kept = newest(month) if request.GET.get("anew") != "yes" else None
    return report_of(kept, edition.bindings) if kept is not None else make(edition, settings.PARTS, month)


def _act(request: HttpRequest, month: ReportMonth, edition: Edition, now: datetime) -> HttpResponse:
    by = Giver(Operator.objects.get(username=request.user.get_username()))
    match request.POST.get("act"):
        case "keep":
            kept = keep(month, by, edition, settings.PARTS, now)
            messages.success(request, _("第%(number)s版を保管しました。") % {"number": kept.edition})
        case "remark":
            last = newest(month)
            wanted = WantedRemark(request.POST.get("part", ""), request.POST.get("text", ""))
            remark(last.pk if last is not None else 0, wanted, by, now)
            messages.success(request, _("備考を記録しました。"))
        case "withdraw":
            number = request.POST.get("remark", "")
            is_number = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
            withdraw(int(number) if is_number else 0, by, now)
            messages.success(request, _("備考を取り下げました。"))
        case _:
            return HttpResponse(status=400)
    return redirect("report", month.name)


def _refused(request: HttpRequest, wrong: NotPossible, status: int) -> HttpResponse:
    context = {
        **frame(look(in_force(), system_clock()), "reports"),
        "refused": words.refused(wrong),
    }
    return render(request, "reports/refused.html", context, status=status)


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


def _context(
    request: HttpRequest, made: MonthlyReport, edition: Edition, now: datetime
) -> Mapping[str, object]:
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
        **_kept(request, made, edition, now),
    }


def _kept(request: HttpRequest, made: MonthlyReport, edition: Edition, now: datetime) -> Mapping[str, object]:
    """Return what stands around the report: its editions, and what the reader may do with it."""
    editions = list(KeptReport.objects.filter(month=made.month.first).defer("content").order_by("edition"))
    last, shown = editions[-1] if editions else None, made.edition
    is_newest = last is not None and shown is not None and last.edition == shown.number
    may = may_order(request.user) and not made.is_without_names
    same = {key: value for key, value in request.GET.items() if key in {"edition", "anew"}}
    return {
        "editions": editions,
        "shown_edition": shown.number if shown is not None else None,
        "may_keep": may and not made.month.is_running and (not editions or is_newest or shown is None),
        "may_remark": may and last is not None and is_newest and is_open(last),
        "mine": [each for each in made.remarks if each.by == request.user.get_username()],
        "approvals": _asked(last, request, edition, now) if is_newest and last is not None else (),
        "query": urlencode({**same, "names": "no"} if made.is_without_names else same),
        "same": urlencode(same),
    }


def _asked(kept: KeptReport, request: HttpRequest, edition: Edition, now: datetime) -> list[ShownRequest]:
    return [
        each for subject in subjects_of(kept) for each in shown_requests(subject, request.user, edition, now)
    ]


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
