"""`toban capacity`: what is used, when it is full, how groups scale, and the document's table against it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import click
from django.conf import settings

from toban.chapters.capacity.amounts import amount, percent
from toban.chapters.capacity.known import KnownResource, known, ranked
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.patch import Patch, patch
from toban.chapters.capacity.plan import CapacityPlan
from toban.chapters.capacity.scaling.ordering import allowed, order_scaling
from toban.chapters.capacity.scaling.replays import LONGEST, GroupReplay, ReplaySite, replays
from toban.chapters.capacity.what_ifs import WhatIf, imagined
from toban.design.document_file import UnreadableDocument
from toban.engine.clock import system_clock
from toban.engine.editions.document_file import FileChanged, document_text, write_document
from toban.engine.modes.rules import word
from toban.engine.registry.parts import Parts
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.cli.acting import account_acting
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, refuse, say, say_over, speak_utf8
from toban.faces.values.capacity import (
    ShownGroup,
    forecast_values,
    group_values,
    levels,
    proposal_words,
    replay_values,
    replay_words,
    resource_named,
    resource_values,
    shown_groups,
)
from toban.faces.words.runs import standing
from toban.message import Message, message_of
from toban.text import printable_json

_REFUSED, _UNUSABLE, _DIFFERS = 1, 2, 3
_YES = click.option("--yes", is_flag=True, help="Don't ask.")


@click.group("capacity", invoke_without_command=True, epilog="Example: toban capacity --format json")
@FORMAT
@click.pass_context
def command(context: click.Context, form: str) -> None:
    """Show how much of each resource is used, and when it is full; the most urgent first.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    if context.invoked_subcommand is not None:
        return
    with usable_state():
        plan = edition_of(context.obj).plan(OPERATION)
        today = _today(plan, system_clock())
        found = ranked(known(plan), today)
        if form == "json":
            say(printable_json([resource_values(each, today) for each in found], indent=2))
            return
        for each in found:
            _show_resource(each, today)
        if not found:
            say(Message("capacity.bind-one"))


@command.command(
    "forecast", epilog='Example: toban capacity forecast "DB storage" --add 200GB --on 2026-12-01'
)
@click.argument("resource")
@click.option("--add", default="", metavar="AMOUNT", help="What if so much came on top? 200GB.")
@click.option("--load", default="", metavar="SHARE", help="What if all were so much higher? 20%.")
@click.option("--growth", default="", metavar="SHARE", help="What if it grew so much faster? 20%.")
@click.option("--on", default="", metavar="DATE", help="From which day on. Default: today.")
@FORMAT
@click.pass_obj
def forecast_(parts: Parts, /, resource: str, form: str, **asked: str) -> None:
    """Show when RESOURCE is full, by which method, and how wrong that method was on its past.

    RESOURCE is the name in the document, or that of the table in [resources]. JSON has a value for each day,
    with the interval in which nine of ten values should be.

    \b
    Exit status:
      0  shown, also that nothing can be forecast yet
      1  there is no such resource, or no forecast that could be changed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        plan = edition_of(parts).plan(OPERATION)
        today = _today(plan, system_clock())
        each = resource_named(known(plan), plan, resource)
        wanted = WhatIf(**asked)
        changed = imagined(each, wanted, today) if wanted else None
        if form == "json":
            say(printable_json(forecast_values(each, today, changed), indent=2))
            return
        _show_resource(each, today)
        outlook = each.outlook
        if outlook is not None and outlook.forecast is not None:
            method = Message(f"capacity.method-{outlook.forecast.method}")
            error = percent(outlook.forecast.error)
            say(Message("capacity.forecast-by", method=method, error=error, at=outlook.made_at.astimezone()))
            for jump in outlook.forecast.jumps:
                kind = Message(f"capacity.jump-{jump.kind}")
                size = amount(abs(jump.size), each.resource.unit)
                say(Message("capacity.jumped", on=jump.on, kind=kind, size=size))
        for level in levels(each, changed) if changed is not None else ():
            share, on = percent(level.share), level.reach.on
            code = (
                "imagined-already" if level.reach.already else "imagined-never" if on is None else "imagined"
            )
            say(Message(f"capacity.{code}", share=share, on=on))


@command.command("groups", epilog="Example: toban capacity groups --format json")
@FORMAT
@click.pass_obj
def groups_(parts: Parts, form: str) -> None:
    """Show each group of instances that a rule scales: its mode, its size, and what was decided last.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        found = shown_groups(edition_of(parts).plan(OPERATION))
        if form == "json":
            say(printable_json([group_values(each) for each in found], indent=2))
            return
        for each in found:
            for line in lines_of(each):
                say(line)
        if not found:
            say(Message("capacity.bind-a-group"))


@command.command("replay", epilog="Example: toban capacity replay web --days 90")
@click.argument("group")
@click.option("--days", type=click.IntRange(1, LONGEST), default=90, show_default=True, help="How far back.")
@FORMAT
@click.pass_obj
def replay_(parts: Parts, group: str, days: int, form: str) -> None:
    """Show how often the rule would have scaled GROUP on what was measured, and what that would have cost.

    The load is taken as it was: added instances relieve nobody here. So it is the most that the rule would
    have done. The price of an instance is that of [scaling.GROUP].

    \b
    Exit status:
      0  shown
      1  there is no such group, or nothing was measured of it
      2  nothing runs there, or the state database or the telemetry store can't be used
    """
    with usable_state(), _usable_telemetry():
        plan = edition_of(parts).plan(OPERATION)
        site = ReplaySite(telemetry(), settings.HOME, parts.ports)
        found = list(replays(plan, group, days, site, system_clock(), _progress))
    if form == "json":
        say(printable_json([replay_values(each) for each in found], indent=2))
        return
    for each in found:
        for line in _lines_of_replay(each):
            say(line)
    say(Message("capacity.replay-relieves-nobody"))


@command.command("scale", epilog="Example: toban capacity scale web --to 3 --as alice")
@click.argument("group")
@click.option("--to", type=int, required=True, metavar="N", help="How many instances there are to be.")
@click.option("--reason", default="", metavar="WORDS", help="Why, for those who look at it later.")
@click.option("--as", "account", metavar="ACCOUNT", help="The account in Toban that gives this order.")
@_YES
@click.pass_obj
def scale_(parts: Parts, group: str, to: int, reason: str, account: str | None, *, yes: bool) -> None:
    """Have GROUP brought to N instances, up or down, whatever its mode is: a person orders it.

    It is a run like any other: `toban runs` lists it, and `toban run scale/GROUP --cancel` stops it.

    \b
    Exit status:
      0  ordered
      1  not possible: no such group, beyond the document's limit, the provider scales it; not confirmed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        plan = edition_of(parts).plan(OPERATION)
        found = allowed(plan, group, to)
        by = account_acting(account) if account is not None else None
        if not yes:
            confirm(Message("capacity.confirm-scale", group=found.name, to=to))
        user, now = shell_user(), system_clock()
        name = by.username if by is not None else user
        run = order_scaling(plan, group, to, reason, by=name, now=now, account=by, shell_user=user)
        say(Message("capacity.scaling-ordered", group=found.name, to=to, run=run.pk))


@command.command("patch", epilog="Example: toban capacity patch --apply")
@click.option("--apply", "is_applied", is_flag=True, help="Write it into the document, after asking.")
@click.option("--limits", "with_limits", is_flag=True, help="Also change limits that are others in reality.")
@click.option(
    "--document",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file. Default: the document in force.",
)
@_YES
@click.pass_obj
def patch_(parts: Parts, /, is_applied: bool, with_limits: bool, document: Path | None, yes: bool) -> None:
    """Show what the document's usage table should say, as a unified diff: use, share, and the month forecast.

    Only cells change that say something else than is measured. What would have the document read otherwise is
    not proposed.

    \b
    Exit status:
      0  nothing differs, or it was written
      1  the document can't be read or has changed meanwhile; or not confirmed
      2  nothing runs there, or the state database can't be used
      3  it differs, and nothing was written
    """
    with usable_state():
        edition = edition_of(parts)
        path = document or Path(edition.design.document)
        try:
            declared, measured = edition.bindings.readings, known(edition.plan(OPERATION))
            content, text = document_text(path, declared)
            found = patch(text, measured, system_clock(), with_limits=with_limits, declared=declared)
        except UnreadableDocument as exc:
            refuse(message_of(exc), exc.hint)
            raise SystemExit(_REFUSED) from exc
    _show_patch(found, path)
    if not found.proposals:
        return
    if not is_applied:
        raise SystemExit(_DIFFERS)
    if not yes:
        confirm(Message("capacity.confirm-patch", document=path, cells=len(found.proposals)), err=True)
    try:
        write_document(path, content, found.after)
    except FileChanged as exc:
        refuse(message_of(exc), Message("capacity.try-the-patch-again"))
        raise SystemExit(_REFUSED) from exc
    say(Message("capacity.patched", document=path, cells=len(found.proposals)), err=True)


def _show_patch(found: Patch, path: Path) -> None:
    """Print the diff alone on standard output, so that it can go into a file; all else on the other."""
    if diff := found.diff(path.name):
        say(diff.removesuffix("\n"))
    else:
        say(Message("capacity.nothing-to-patch"), err=True)
    for each in found.limits:
        say(Message("capacity.limit-differs", said=proposal_words(each)), err=True)


def _today(plan: CapacityPlan, now: datetime) -> date:
    return now.astimezone(plan.system.zone).date()


def _show_resource(each: KnownResource, today: date) -> None:
    row, unit, left = each.resource.row, each.resource.unit, each.days_left(today)
    if each.used is None or each.share is None:
        trouble = each.reading.trouble if each.reading is not None else None
        say(f"{row.resource}: {trouble or Message('capacity.not-read-yet')}")
    else:
        used, limit, share = amount(each.used, unit), amount(each.limit, unit), percent(each.share)
        days = Message("capacity.days-unknown") if left is None else Message("common.days", count=left)
        said = {"resource": row.resource, "used": used, "limit": limit, "share": share, "days": days}
        say(Message("capacity.listed", **said))
    if each.words:
        say(f"  {each.words}")
    document = " / ".join(str(value) for value in (row.used, row.limit, row.utilisation) if value is not None)
    say(f"  {Message('capacity.document-says', said=document, place=str(row.origin))}")


def lines_of(each: ShownGroup) -> Iterator[Message | str]:
    """Yield what is known of a group: its mode and size, the rule, the last decision, the newest run."""
    group, size = each.group, each.size
    mode = word(each.state.mode) if group.is_ours else Message("capacity.by-provider")
    serving = size.get("serving")
    yield Message(
        "capacity.group-listed",
        group=group.name,
        mode=mode,
        serving="—" if serving is None else serving,
        most="—" if group.most is None else group.most,
    )
    yield f"  {group.row.trigger_text} → {group.row.action} ({group.row.origin})"
    yield f"  {each.decision}"
    if each.run is not None:
        yield f"  {Message('capacity.run', number=each.run.pk)}: {each.run.note or standing(each.run).word}"


def _lines_of_replay(each: GroupReplay) -> Iterator[Message | str]:
    yield f"{each.group.name}: {replay_words(each)}"
    begins, ends = each.begins.astimezone(), each.ends.astimezone()
    yield f"  {Message('capacity.replayed-from', begins=begins, ends=ends, known=percent(each.found.known))}"
    yield f"  {Message('capacity.replay-begins-with', size=each.size, why=each.size_from)}"
    for at, to in each.found.added:
        yield f"  {at.astimezone():%Y-%m-%d %H:%M} → {to}"
    if each.found.limited:
        minutes = Message("common.minutes", count=each.found.limited)
        yield f"  {Message('capacity.minutes-at-limit', minutes=minutes)}"


def _progress(done: int, count: int) -> None:
    # Standard output may go into a file.
    if sys.stderr.isatty():
        say_over(Message("capacity.replaying", share=percent(done / count)), is_last=done == count)


@contextmanager
def _usable_telemetry() -> Iterator[None]:
    try:
        yield
    except (StoreUnavailable, StoreRefused) as away:
        refuse(
            Message("logs.store-not-answering", reason=message_of(away)), Message("logs.check-store-and-home")
        )
        raise SystemExit(_UNUSABLE) from away
