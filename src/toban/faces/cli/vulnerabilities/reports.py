"""`toban vulnerabilities import` and `forget`: reports of other scanners, and VEX."""

from typing import BinaryIO

import click

from toban.chapters.vulnerabilities.imported import taking
from toban.chapters.vulnerabilities.imported.reading import LARGEST
from toban.chapters.vulnerabilities.imported.taking import Taken
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.vulnerabilities.vulnerabilities import must_be_bound, taken_values
from toban.message import Message, from_json
from toban.text import printable_json

_INVENTORY = click.option(
    "--inventory", required=True, metavar="NAME", help="The one of [inventory] that it is about."
)


@click.command("import", epilog="Example: toban vulnerabilities import trivy.json --inventory shop-image")
@click.argument("file", type=click.File("rb"))
@_INVENTORY
@click.option("--source", default="", metavar="NAME", help="Who says it, if not as the report names itself.")
@FORMAT
@click.pass_obj
def import_(parts: Parts, file: BinaryIO, inventory: str, source: str, form: str) -> None:
    """Take in a report: Trivy's JSON, SARIF, CycloneDX, OpenVEX; "-" reads it from standard input.

    What it found joins what is found otherwise, with its source. It takes the place of the former report of
    its source: what that found and this one does not is over, unless another source still finds it.

    \b
    Exit status:
      0  taken in, also if it names nothing
      1  no report, one older than the former, or no such inventory
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition = edition_of(parts)
        must_be_bound(inventory, edition)
        taken = taking.take(
            file.read(LARGEST + 1), inventory, source, by=_giver(), edition=edition, now=system_clock()
        )
    _tell(taken, form)


@click.command(
    "forget",
    epilog="Example: toban vulnerabilities forget trivy --inventory shop --reason 'scanned by grype now'",
)
@click.argument("source")
@_INVENTORY
@click.option("--reason", default="", metavar="WORDS", help="Why, for those who look at it later.")
@FORMAT
@click.pass_obj
def forget(parts: Parts, source: str, inventory: str, reason: str, form: str) -> None:
    """Take back what SOURCE reported, and its statements: it is not asked any more.

    \b
    Exit status:
      0  taken back
      1  there is no such source, or no reason
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition = edition_of(parts)
        must_be_bound(inventory, edition)
        taken = taking.forget(inventory, source, reason, by=_giver(), edition=edition, now=system_clock())
    _tell(taken, form)


def _giver() -> Giver:
    return Giver(None, ApprovalAnswer.Via.SHELL, shell_user=shell_user())


def _tell(taken: Taken, form: str) -> None:
    if form == "json":
        say(printable_json(taken_values(taken), indent=2))
        return
    say(
        Message(
            "vulnerabilities.taken",
            source=taken.report.source,
            inventory=taken.report.inventory,
            named=taken.report.found,
            found=taken.looked.found,
            ended=len(taken.looked.ended),
            closed=len(taken.settled.closed),
            reopened=len(taken.settled.reopened),
        )
    )
    for gap in taken.report.left_out:
        say(Message("vulnerabilities.gap-line", gap=from_json(gap)))
