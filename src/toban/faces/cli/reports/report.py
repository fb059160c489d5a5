"""`toban report`: the monthly report on the terminal, and as files; kept, and remarked on."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from toban.catalogue import LANGUAGES, active_language
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.engine.reports.kept.keeping import keep, newest, numbered, report_of
from toban.engine.reports.kept.remarking import WantedRemark, remark
from toban.engine.reports.month import ReportMonth, month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.engine.reports.section import ReportPart
from toban.faces.cli.acting import account_acting
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.report.files import FILES
from toban.faces.report.markdown import markdown
from toban.faces.report.names import for_customers
from toban.faces.report.written import written
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.values.reports import report_values
from toban.message import Message, message_of
from toban.text import printable_json

_UNUSABLE = 2
_FILE = click.Path(path_type=Path, dir_okay=False)
_PARTS = [each.value for each in ReportPart]


@dataclass(frozen=True, slots=True)
class _Site:
    """A month, and what its report is made from."""

    month: ReportMonth
    edition: Edition
    parts: Parts
    now: datetime


@click.command("report", epilog="Example: toban report 2026-10 --pdf report.pdf --xlsx report.xlsx")
@click.argument("month", metavar="MONTH")
@click.option("--pdf", type=_FILE, metavar="FILE", help="Write it as a PDF.")
@click.option("--xlsx", type=_FILE, metavar="FILE", help="Write it as a workbook with live formulas.")
@click.option("--md", type=_FILE, metavar="FILE", help="Write it as Markdown.")
@click.option("--without-names", is_flag=True, help="For customers: without the names and words of people.")
@click.option("--edition", "number", type=int, help="This edition that is kept; default: the newest.")
@click.option("--anew", is_flag=True, help="Made anew from what is known now, though an edition is kept.")
@click.option(
    "--keep", "keeps", is_flag=True, help="First keep it: as a corrected edition if one is kept. With --as."
)
@click.option(
    "--remark", "words", metavar="WORDS", help="First write a remark into it. With --part and --as."
)
@click.option(
    "--part",
    type=click.Choice(_PARTS),
    default=ReportPart.SUMMARY.value,
    help="The part that --remark is about.",
)
@click.option("--as", "account", metavar="ACCOUNT", help="Your account in Toban.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: yours.")
@FORMAT
@click.pass_obj
def command(
    parts: Parts,
    /,
    month: str,
    without_names: bool,
    number: int | None,
    anew: bool,
    keeps: bool,
    words: str | None,
    part: str,
    account: str | None,
    language: str | None,
    form: str,
    **files: Path | None,
) -> None:
    """Show the monthly report on MONTH, such as 2026-10: every figure with its row, evidence and formula.

    Of a month whose report is kept, that is what was kept. With files, it is written there instead.

    \b
    Exit status:
      0  shown or written
      1  there is no such month or edition, it has not begun, or it can't be kept or remarked on
      2  nothing runs there, a file can't be written, there is no Japanese font, or the state can't be used
    """
    speak_utf8()
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        site = _Site(month_named(month, edition.bindings.system.zone, now), edition, parts, now)
        if keeps:
            kept = keep(site.month, _giver(account), edition, parts, now)
            say(Message("reports.kept", month=kept.name, number=kept.edition), err=True)
        if words is not None:
            _remark(site, WantedRemark(part, words), account)
        report, spoken = _wanted(site, number, anew=anew), language or active_language()
        if without_names:
            report = for_customers(report, edition, spoken)
        _show(report, {name: file for name, file in files.items() if file is not None}, form, spoken)


def _wanted(site: _Site, number: int | None, *, anew: bool) -> MonthlyReport:
    if number is not None:
        return report_of(numbered(site.month, number), site.edition.bindings)
    kept = newest(site.month) if not anew else None
    if kept is not None:
        return report_of(kept, site.edition.bindings)
    return make(site.edition, site.parts, site.month)


def _remark(site: _Site, wanted: WantedRemark, account: str | None) -> None:
    kept = newest(site.month)
    if kept is None:
        raise NotPossible(Message("reports.not-kept"), Message("reports.keep-first"))
    remark(kept.pk, wanted, _giver(account), site.now)
    say(Message("reports.remarked", month=kept.name, number=kept.edition), err=True)


def _giver(account: str | None) -> Giver:
    if account is None:
        raise NotPossible(Message("reports.name-an-account"))
    return Giver(account_acting(account), ApprovalAnswer.Via.SHELL, shell_user())


def _show(report: MonthlyReport, files: dict[str, Path], form: str, language: str) -> None:
    for name, file in files.items():
        _write(file, report, name, language)
    if form == "json":
        say(printable_json(report_values(report), indent=2))
    elif not files:
        say(markdown(written(report, language)))


def _write(file: Path, report: MonthlyReport, name: str, language: str) -> None:
    # The modules that make PDFs take long to load.
    from toban.engine.paper import NoFont  # noqa: PLC0415

    try:
        file.write_bytes(FILES[name].make(report, language))
    except (NoFont, OSError) as error:
        refuse(message_of(error), Message("reports.not-written"))
        raise SystemExit(_UNUSABLE) from error
    say(Message("reports.written", file=file), err=True)
