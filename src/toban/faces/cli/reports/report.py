"""`toban report`: the monthly report on the terminal, and as files."""

from pathlib import Path

import click

from toban.catalogue import LANGUAGES, active_language
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.engine.reports.month import month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.faces.cli.kept import edition_of
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


@click.command("report", epilog="Example: toban report 2026-10 --pdf report.pdf --xlsx report.xlsx")
@click.argument("month", metavar="MONTH")
@click.option("--pdf", type=_FILE, metavar="FILE", help="Write it as a PDF.")
@click.option("--xlsx", type=_FILE, metavar="FILE", help="Write it as a workbook with live formulas.")
@click.option("--md", type=_FILE, metavar="FILE", help="Write it as Markdown.")
@click.option("--without-names", is_flag=True, help="For customers: without the names and words of people.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: yours.")
@FORMAT
@click.pass_obj
def command(
    parts: Parts, /, month: str, without_names: bool, language: str | None, form: str, **files: Path | None
) -> None:
    """Show the monthly report on MONTH, such as 2026-10: every figure with its row, evidence and formula.

    With files, it is written there instead. Of the running month it says how far it is known.

    \b
    Exit status:
      0  shown or written
      1  there is no such month, or it has not begun
      2  nothing runs there, a file can't be written, there is no Japanese font, or the state can't be used
    """
    speak_utf8()
    with usable_state():
        edition = edition_of(parts)
        zone, now = edition.bindings.system.zone, system_clock()
        report = make(edition, parts, month_named(month, zone, now))
        spoken = language or active_language()
        if without_names:
            report = for_customers(report, edition, spoken)
        wanted = {name: file for name, file in files.items() if file is not None}
        for name, file in wanted.items():
            _write(file, report, name, spoken)
        if form == "json":
            say(printable_json(report_values(report), indent=2))
        elif not wanted:
            say(markdown(written(report, spoken)))


def _write(file: Path, report: MonthlyReport, name: str, language: str) -> None:
    # The modules that make PDFs take long to load.
    from toban.engine.paper import NoFont  # noqa: PLC0415

    try:
        file.write_bytes(FILES[name].make(report, language))
    except (NoFont, OSError) as error:
        refuse(message_of(error), Message("reports.not-written"))
        raise SystemExit(_UNUSABLE) from error
    say(Message("reports.written", file=file), err=True)
