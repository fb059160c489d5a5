"""`toban vulnerabilities`: what scans found, by rating and by how long it has been there."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.models import InventoryReading, Vulnerability
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.plan import ScanPlan
from toban.chapters.vulnerabilities.report import last_scan
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.vulnerabilities.vulnerabilities import (
    due_at,
    inventory_values,
    must_be_bound,
    owner_of,
    vulnerability_values,
)
from toban.message import Message
from toban.text import printable_json


@click.command("vulnerabilities", epilog="Example: toban vulnerabilities --rating critical --format json")
@click.option("--inventory", default="", metavar="NAME", help="Only those in this one of [inventory].")
@click.option(
    "--rating", type=click.Choice([each.value for each in Rating]), help="Only those with this rating."
)
@click.option("--fixable", is_flag=True, help="Only those that a newer version mends.")
@FORMAT
@click.pass_obj
def command(parts: Parts, inventory: str, rating: str | None, fixable: bool, form: str) -> None:
    """List the known vulnerabilities of what is installed, worst first, as the newest scan found them.

    What no scan could look at is told before the list: without it, an empty list says nothing.

    \b
    Exit status:
      0  listed, also if there are none
      1  there is no such inventory
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition = edition_of(parts)
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
    last = last_scan(plan)
    names = [each.name for each in plan.inventories]
    return {
        "scanned_at": last.at.isoformat() if last is not None else None,
        "gaps": [gap.as_output() for gap in last.gaps] if last is not None else [],
        "inventories": [inventory_values(each) for each in InventoryReading.objects.filter(name__in=names)],
        "vulnerabilities": [vulnerability_values(each, plan) for each in listed],
    }


def _lines(
    listed: list[Vulnerability], plan: ScanPlan, zone: ZoneInfo, *, is_narrowed: bool
) -> Iterator[Message]:
    last = last_scan(plan)
    if last is None:
        yield Message("vulnerabilities.not-scanned-yet")
        return
    yield Message("vulnerabilities.scanned-at", at=last.at, packages=last.packages)
    for gap in last.gaps:
        yield Message("vulnerabilities.gap-line", gap=gap)
    for each in listed:
        due = due_at(each, plan)
        yield Message(
            "vulnerabilities.line",
            rating=Message(f"vulnerabilities.rated-{each.rating}"),
            name=Message("vulnerabilities.exploited", name=each.name, since=each.exploited_since.isoformat())
            if each.exploited_since
            else each.name,
            package=each.package,
            version=each.version,
            fixed=Message("vulnerabilities.fixed-in", version=each.fixed)
            if each.fixed
            else Message("vulnerabilities.no-fix-yet"),
            inventory=each.inventory,
            owner=owner_of(each.inventory, plan) or "—",
            since=each.first_seen.astimezone(zone),
            until=due.astimezone(zone) if due is not None else "—",
        )
    if not listed:
        is_whole = not (last.gaps or is_narrowed)
        yield Message("vulnerabilities.none-open" if is_whole else "vulnerabilities.none-seen")
