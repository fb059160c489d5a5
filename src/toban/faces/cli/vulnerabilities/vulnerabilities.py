"""`toban vulnerabilities`: what scans found, by rating and by how long it has been there."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.models import OWN, ImportedReport, InventoryReading, Vulnerability
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.plan import ScanPlan
from toban.chapters.vulnerabilities.report import last_scan
from toban.engine.clock import system_clock
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.cli.vulnerabilities import reports
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.vulnerabilities.vulnerabilities import (
    due_at,
    inventory_values,
    must_be_bound,
    owner_of,
    report_values,
    vulnerability_values,
)
from toban.message import Message
from toban.text import printable_json


@click.group(
    "vulnerabilities",
    invoke_without_command=True,
    epilog="Example: toban vulnerabilities --rating critical --format json",
)
@click.option("--inventory", default="", metavar="NAME", help="Only those in this one of [inventory].")
@click.option(
    "--rating", type=click.Choice([each.value for each in Rating]), help="Only those with this rating."
)
@click.option("--fixable", is_flag=True, help="Only those that a newer version mends.")
@FORMAT
@click.pass_context
def command(context: click.Context, inventory: str, rating: str | None, fixable: bool, form: str) -> None:
    """List the known vulnerabilities of what is installed, worst first, as the newest scan found them.

    What no scan could look at is told before the list: without it, an empty list says nothing.

    \b
    Exit status:
      0  listed, also if there are none
      1  there is no such inventory
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    if context.invoked_subcommand is not None:
        return
    with usable_state():
        edition = edition_of(context.obj)
        plan = edition.plan(OPERATION)
        found = Vulnerability.objects.open().filter(inventory__in=[each.name for each in plan.inventories])
        if inventory:
            must_be_bound(inventory, edition)
            found = found.filter(inventory=inventory)
        found = found.filter(rating=rating) if rating else found
        found = found.exclude(fixed="") if fixable else found
        listed = list(found.worst_first())
        if form == "json":
            say(printable_json(_values(listed, plan), indent=2))
            return
        is_narrowed = bool(inventory or rating or fixable)
        for line in _lines(listed, plan, edition.bindings.system.zone, is_narrowed=is_narrowed):
            say(line)


def _values(listed: list[Vulnerability], plan: ScanPlan) -> dict[str, object]:
    last = last_scan(plan, system_clock())
    names = [each.name for each in plan.inventories]
    return {
        "scanned_at": last.at.isoformat() if last is not None else None,
        "gaps": [gap.as_output() for gap in last.gaps] if last is not None else [],
        "inventories": [inventory_values(each) for each in InventoryReading.objects.filter(name__in=names)],
        "reports": [report_values(each) for each in ImportedReport.objects.filter(inventory__in=names)],
        "vulnerabilities": [vulnerability_values(each, plan) for each in listed],
        "closed": [
            vulnerability_values(each, plan)
            for each in Vulnerability.objects.closed().filter(inventory__in=names).worst_first()
        ],
    }


def _lines(
    listed: list[Vulnerability], plan: ScanPlan, zone: ZoneInfo, *, is_narrowed: bool
) -> Iterator[Message]:
    last = last_scan(plan, system_clock())
    if last is None:
        yield Message("vulnerabilities.not-scanned-yet")
    else:
        yield Message("vulnerabilities.scanned-at", at=last.at, packages=last.packages)
        yield from (Message("vulnerabilities.gap-line", gap=gap) for gap in last.gaps)
    closed = Vulnerability.objects.closed().filter(inventory__in=[each.name for each in plan.inventories])
    if count := closed.count():
        yield Message("vulnerabilities.closed-count", count=count)
    for each in listed:
        due = due_at(each, plan)
        yield Message(
            "vulnerabilities.line",
            rating=Message(f"vulnerabilities.rated-{each.rating}"),
            name=_name(each),
            package=each.package,
            version=each.version,
            fixed=Message("vulnerabilities.fixed-in", version=each.fixed)
            if each.fixed
            else Message("vulnerabilities.no-fix-yet"),
            inventory=_place(each),
            owner=owner_of(each.inventory, plan) or "—",
            since=each.first_seen.astimezone(zone),
            until=due.astimezone(zone) if due is not None else "—",
        )
    if not listed and last is not None:
        is_whole = not (last.gaps or is_narrowed)
        yield Message("vulnerabilities.none-open" if is_whole else "vulnerabilities.none-seen")


def _name(each: Vulnerability) -> Message | str:
    if each.exploited_since:
        return Message("vulnerabilities.exploited", name=each.name, since=each.exploited_since.isoformat())
    if each.likelihood is not None:
        return Message("vulnerabilities.likely", name=each.name, percent=f"{each.likelihood:.1%}")
    return each.name


def _place(each: Vulnerability) -> Message | str:
    """Return where it was found, and by whom if not by Toban alone."""
    if each.sources == [OWN]:
        return each.inventory
    return Message("vulnerabilities.found-by", inventory=each.inventory, sources=tuple(each.sources))


command.add_command(reports.import_)
command.add_command(reports.forget)
