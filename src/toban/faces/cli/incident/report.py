"""`toban incident report`: drafted from evidence, completed by people, approved, and written to a file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from toban.catalogue import LANGUAGES, active_language
from toban.chapters.incident.models import IncidentReport
from toban.chapters.incident.reports import approval, orders
from toban.chapters.incident.reports.content import ReportAudience, ReportQuestion
from toban.chapters.incident.reports.draft import ReportDraft, WrittenReport
from toban.chapters.incident.reports.orders import ReportDesk, draft_of
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.cli.incident.options import AS, INCIDENT, found, giver_named, order_by
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.values.incident import inside, newest_reports, report_values, whole_report_values
from toban.message import Message, listing, message_of
from toban.text import printable_json

_UNUSABLE = 2
_KINDS = click.Choice([each.value for each in IncidentReport.Kind])
_KIND = click.option("--kind", type=_KINDS, help="Default: the final one, or else the preliminary one.")
_VERSION = click.option("--version", type=click.IntRange(1), help="Default: the newest.")


@click.group("report", epilog="Example: toban incident report show 12")
def command() -> None:
    """Draft the report of an incident, complete it, ask for its approval, and write it to a file."""
    speak_utf8()


@command.command("list", epilog="Example: toban incident report list 12 --format json")
@INCIDENT
@FORMAT
def list_(number: int, form: str) -> None:
    """Show the versions of the reports of INCIDENT, the newest first, and what is still to be written.

    \b
    Exit status:
      0  shown, even if there is none
      1  there is no such incident
      2  the state database can't be used
    """
    with usable_state():
        reports = [*found(number).reports.order_by("-drafted_at", "-pk")]
        if form == "json":
            say(printable_json([*map(report_values, reports)], indent=2))
            return
        for report in reports:
            for line in _state(report):
                say(line)
        if not reports:
            say(Message("incident-reports.no-reports"))


@command.command("show", epilog="Example: toban incident report show 12 --kind preliminary")
@INCIDENT
@_KIND
@_VERSION
@FORMAT
def show(number: int, kind: str | None, version: int | None, form: str) -> None:
    """Show the report of INCIDENT as it is read inside the company.

    \b
    Exit status:
      0  shown
      1  there is no such incident or report
      2  the state database can't be used
    """
    with usable_state():
        report = _report(number, kind, version)
        if form == "json":
            say(printable_json(whole_report_values(report), indent=2))
            return
        for line in (*_state(report), *_text(inside(report))):
            say(line)


@command.command("export", epilog="Example: toban incident report export 12 report.pdf --for external")
@INCIDENT
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_KIND
@_VERSION
@click.option(
    "--for",
    "audience",
    type=click.Choice([each.value for each in ReportAudience]),
    default=ReportAudience.INTERNAL.value,
    show_default=True,
    help="Who reads it. External: without the names of people and machines.",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: yours.")
def export(
    number: int, file: Path, kind: str | None, version: int | None, audience: str, language: str | None
) -> None:
    """Write the report of INCIDENT to FILE, as its name ends: .pdf or .md for Markdown.

    \b
    Exit status:
      0  written
      1  there is no such incident or report
      2  FILE ends otherwise or can't be written, there is no Japanese font, or the state can't be used
    """
    # The modules that make PDFs take long to load, and few commands print one.
    from toban.chapters.incident.reports import paper  # noqa: PLC0415
    from toban.engine.paper import NoFont  # noqa: PLC0415

    made: dict[str, Callable[[ReportDraft, ReportAudience, str], bytes]] = {
        ".pdf": paper.pdf,
        ".md": lambda *asked: paper.markdown(*asked).encode(),
    }
    if (make := made.get(file.suffix.lower())) is None:
        wrong = Message("incident-reports.not-a-format", file=file)
        raise click.BadParameter(str(wrong), param_hint="FILE")
    with usable_state():
        draft = draft_of(_report(number, kind, version))
        try:
            file.write_bytes(make(draft, ReportAudience(audience), language or active_language()))
        except (NoFont, OSError) as error:
            refuse(message_of(error), Message("incident-reports.report-not-written"))
            raise SystemExit(_UNUSABLE) from error
        say(Message("incident-reports.report-written", file=file))


@command.command("draft", epilog="Example: toban incident report draft 12 --kind final --as alice")
@INCIDENT
@click.option("--kind", type=_KINDS, required=True, help="How much is known.")
@AS
@click.pass_obj
def draft(parts: Parts, number: int, kind: str, account: str) -> None:
    """Draft the report of INCIDENT from the evidence. Figures are measured anew, and answers stay.

    \b
    Exit status:
      0  drafted
      1  not possible: no such incident, a part of another, or the telemetry store is away
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        order = order_by(account, edition_of(parts))
        try:
            desk = ReportDesk(order.edition, order.plan, parts.ports, telemetry())
        except StoreUnavailable as error:
            raise NotPossible(message_of(error)) from error
        made = orders.draft(number, IncidentReport.Kind(kind), desk, by=order.by, now=system_clock())
        for line in _state(made):
            say(line)


def _answers[F: Callable[..., None]](view: F) -> F:
    """Give the command an option for each question."""
    helps = {
        ReportQuestion.IMPACT: "What customers could not do.",
        ReportQuestion.CAUSE: "The cause.",
        ReportQuestion.INTERIM: "What was done for now.",
        ReportQuestion.PERMANENT: "What is done for good.",
    }
    for question in reversed(ReportQuestion):
        view = click.option(f"--{question}", metavar="WORDS", help=helps[question])(view)
    return view


@command.command("answer", epilog='Example: toban incident report answer 12 --cause "full disk" --as alice')
@INCIDENT
@_KIND
@_answers
@AS
def answer(number: int, kind: str | None, account: str, **answers: str | None) -> None:
    """Write what only people know into the newest report of INCIDENT. Empty words take an answer back.

    \b
    Exit status:
      0  written
      1  not possible: no such report, nothing to write, or it is approved already
      2  the state database can't be used
    """
    with usable_state():
        by, report = giver_named(account), _report(number, kind)
        given = {name: text for name, text in answers.items() if text is not None}
        for line in _state(orders.answer(report.pk, given, by=by, now=system_clock())):
            say(line)


@command.command("ask", epilog="Example: toban incident report ask 12 --as alice")
@INCIDENT
@_KIND
@AS
@click.pass_obj
def ask(parts: Parts, number: int, kind: str | None, account: str) -> None:
    """Ask for the approval of the newest report of INCIDENT. Whoever wrote in it does not approve it.

    \b
    Exit status:
      0  asked for
      1  not possible: something is still to be written, or it waits or is approved already
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        order = order_by(account, edition_of(parts))
        report = _report(number, kind)
        request = approval.ask(report.pk, order.plan, by=order.by, now=system_clock())
        say(Message("incident-reports.approval-asked", request=request.pk))


def _report(number: int, kind: str | None, version: int | None = None) -> IncidentReport:
    """Return the report of incident *number* that is meant, or raise `NotPossible`."""
    newest = newest_reports(found(number))
    wanted = next((each for each in newest if kind in (None, each.kind)), None)
    if wanted is not None and version not in (None, wanted.version):
        same = IncidentReport.objects.filter(incident=number, kind=wanted.kind)
        wanted = same.filter(version=version).first()
    if wanted is None:
        hint = Message("incident-reports.see-reports", number=number)
        raise NotPossible(Message("incident-reports.no-report-of", number=number), hint)
    return wanted


def _state(report: IncidentReport) -> Iterator[Message | str]:
    """Yield which version it is, how far, and what is still to be written."""
    state = Message(f"incident-reports.report-{report.state}")
    title = Message(f"incident-reports.title-{report.kind}")
    at = f"{(report.approved_at or report.drafted_at).astimezone():%Y-%m-%d %H:%M:%S}"
    by = f"  {report.approved_by}" if report.approved_by else ""
    yield f"{title}  {report.version}  {state}  {at}{by}"
    if report.state != IncidentReport.State.APPROVED and (open_ := draft_of(report).unanswered):
        words = listing([each.word for each in open_])
        yield f"  ◆ {Message('incident-reports.asked', what=words)}"


def _text(report: WrittenReport) -> Iterator[str]:
    for number, part in enumerate(report.parts, 1):
        yield f"\n{number}. {part.heading}"
        for line in part.lines:
            label = f"{line.label}: " if line.label else ""
            proof = f"  [{line.proof}]" if line.proof else ""
            yield f"  {label}{line.text}{proof}"
        if part.asks:
            yield f"  ◆ {part.asks}"
        if not part.lines and not part.asks:
            yield "  −"
