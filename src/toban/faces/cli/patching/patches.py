"""`toban patches`: the newest run, host by host, or what would be installed now."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click

from toban.chapters.patching.hosts.looking import plan_all
from toban.chapters.patching.operation import OPERATION
from toban.chapters.patching.plan import PatchingPlan
from toban.chapters.patching.works import shown
from toban.engine.editions.edition import Edition
from toban.engine.found import SCANS, VulnerabilityScans
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.patching.patching import (
    HostLine,
    PatchRun,
    patch_run,
    plan_values,
    run_values,
    runs_of,
)
from toban.message import Message
from toban.text import printable_json

_MOST = 100


@click.command("patches", epilog="Example: toban patches --look --host web-1.example.com")
@click.option("--host", default="", metavar="NAME", help="Only this one of the hosts in [patching].")
@click.option("--run", "number", type=int, default=None, metavar="NUMBER", help="This run, not the newest.")
@click.option("--look", is_flag=True, help="Ask the hosts now what would be installed; changes nothing else.")
@FORMAT
@click.pass_obj
def command(parts: Parts, host: str, number: int | None, look: bool, form: str) -> None:
    """Show the plan of the newest run of patches, and how far it is on each host.

    --look has each host fetch its list of packages, and orders nothing. `toban run` with the key of the row
    plans at once and asks for approval.

    \b
    Exit status:
      0  shown, also if there is no run yet
      1  there is no such run or host
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition = edition_of(parts)
        plan = edition.plan(OPERATION)
        _demand_host(plan, host)
        if look:
            _looked(plan, edition, parts, host, form)
            return
        runs = runs_of(plan, _MOST)
        if number is not None and all(each.pk != number for each in runs):
            raise NotPossible(Message("patching.no-such-run", run=number), Message("patching.list-runs"))
        chosen = next((each for each in runs if number in (None, each.pk)), None)
        found = patch_run(chosen) if chosen is not None else None
        if form == "json":
            say(printable_json(run_values(found) if found is not None else None, indent=2))
            return
        for line in _lines(found, host, edition.bindings.system.zone):
            say(line)


def _demand_host(plan: PatchingPlan, host: str) -> None:
    known = tuple(each for group in plan.groups for each in group.config.hosts)
    if host and host not in known:
        raise NotPossible(
            Message("patching.no-such-host", host=host),
            Message("patching.known-hosts", hosts=known) if known else Message("patching.bind-each-group"),
        )


def _looked(plan: PatchingPlan, edition: Edition, parts: Parts, host: str, form: str) -> None:
    scans: VulnerabilityScans | None = parts.ports.one(SCANS)
    made = plan_all(
        plan.groups,
        lambda name, installs: scans.on_host(edition, name, installs) if scans is not None else None,
        lambda _host: None,
        only=host,
    )
    if form == "json":
        say(printable_json([plan_values(each) for each in made.hosts], indent=2))
        return
    for each in made.hosts:
        say(Message("runs.on-host", host=each.host, said=shown(each)))


def _lines(found: PatchRun | None, host: str, zone: ZoneInfo) -> Iterator[Message]:
    if found is None:
        yield Message("patching.not-patched-yet")
        return
    run = found.run
    yield Message(
        "patching.run-line",
        run=run.pk,
        at=run.due_at.astimezone(zone),
        state=Message(f"patching.run-{run.state}"),
        note=run.note,
    )
    for each in found.hosts:
        if host in ("", each.plan.host):
            yield _line(each, zone)


def _line(each: HostLine, zone: ZoneInfo) -> Message:
    passed = tuple(Message(f"patching.passed-{name}", at=at.astimezone(zone)) for name, at in each.passed)
    return Message(
        "patching.host-line",
        state=Message(f"patching.state-{each.state or 'none'}"),
        host=each.plan.host,
        plan=shown(each.plan),
        passed=passed or "—",
        note=each.note or "—",
    )
