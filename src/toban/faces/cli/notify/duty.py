"""`toban duty`: who is on duty now and next, and who stands in for whom."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import click

from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty import overrides, roster
from toban.engine.notify.duty.roster import DutyShift, OnDuty, Roster, clock
from toban.engine.notify.models import DutyOverride
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.notify.periods import line, show
from toban.faces.cli.period import end as end_of
from toban.faces.cli.period import moment
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.icalendar import written
from toban.faces.terminal import put, say, speak_utf8
from toban.faces.words.duty import as_json, events, names, why
from toban.message import Message
from toban.text import printable_json

_LONGEST_DAYS = 366


@click.group(
    "duty",
    epilog="Example: toban duty now --format json",
)
def command() -> None:
    """Show who is on duty for the roles of the document, now and next, and assign deputies."""


@command.command("now", short_help="Who is on duty at this moment.")
@FORMAT
@click.pass_obj
def now_(parts: Parts, form: str) -> None:
    """Show who is on duty now for each role, until when, and who comes next.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        if form == "json":
            say(printable_json([_present(*each) for each in _roles(edition, now)], indent=2))
        else:
            lines = [_line(*each) for each in _roles(edition, now)]
            say("\n".join(lines) or Message("notify.no-roles"))


@command.command("next", short_help="Upcoming turns.")
@click.option(
    "--days", type=click.IntRange(1, _LONGEST_DAYS), default=14, show_default=True, help="How far ahead."
)
@click.option("--role", help="Only this role of the document.")
@click.option("--person", help="Only this person, by the name in [people].")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "ics"]), default="text", show_default=True
)
@click.pass_obj
def next_(parts: Parts, days: int, role: str | None, person: str | None, form: str) -> None:
    """Show the turns from now on, in order; --format ics for any calendar program.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        people = edition.bindings.people
        found = [
            shift
            for shift in _turns(edition, now, timedelta(days=days))
            if role in (None, shift.roster.role) and (person is None or person in shift.watch.people)
        ]
        if form == "ics":
            name = edition.bindings.system.name or edition.design.document
            # Bytes, so that lines end as RFC 5545 requires, whatever the terminal.
            title = str(Message("notify.duty-calendar", system=name))
            put(written(events(found, people), title, now).encode())
        elif form == "json":
            told = [as_json(each.roster, each.watch, each.start, each.end, people) for each in found]
            say(printable_json(told, indent=2))
        else:
            say("\n".join(_turn(each, edition) for each in found) or Message("notify.no-turns"))


@command.command(
    "override",
    short_help="Assign a deputy, with a reason and an end.",
    epilog='Example: toban duty override "on call" alice --for "3 hours" --reason "at the dentist"',
)
@click.argument("role", required=False)
@click.argument("person", required=False)
@click.option("--from", "since", metavar="TIME", help="Start time. [default: now]")
@click.option("--for", "lasting", metavar="LENGTH", help="How long: `2 hours`, `30 minutes`.")
@click.option("--until", metavar="TIME", help="Until when: 2026-11-25T18:00.")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@click.option("--end", "ended", type=int, metavar="NUMBER", help="End one now, or cancel an upcoming one.")
@click.option("--list", "listing", is_flag=True, help="Show current and upcoming deputies.")
@FORMAT
@click.pass_obj
def override_(
    parts: Parts, role: str | None, person: str | None, since: str | None,
    lasting: str | None, until: str | None, reason: str, ended: int | None, listing: bool, form: str,
) -> None:  # fmt: skip
    """Put PERSON (a name in [people]) on duty for ROLE of the document, instead of the one whose turn it is.

    A deputy needs an end and a reason. Both people are notified, and the evidence records who decided it.

    \b
    Exit status:
      0  done
      1  not possible: no end, no reason, no such role or person, or no such override
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        by, now = shell_user(), system_clock()
        if listing:
            _list(form)
            return
        if ended is not None:
            overrides.end_override(ended, by=by, now=now)
            say(Message("notify.override-ended", override=ended))
            return
        if role is None or person is None:
            raise click.UsageError(str(Message("notify.name-role-and-person")))
        edition = edition_of(parts)
        start = moment(since, "--from") if since is not None else now
        made = overrides.override(
            role, person, reason, starts_at=start, ends_at=end_of(start, lasting, until), by=by, now=now,
            design=edition.design, bindings=edition.bindings,
        )  # fmt: skip
        say(f"{Message('notify.override', override=made.pk)}  {line(made, _who(made))}")


def _roles(
    edition: Edition, now: datetime
) -> Iterator[tuple[Edition, Roster, OnDuty, DutyShift | None, datetime | None]]:
    """Yield each role with who is on duty, until when (None: no end in sight), and who comes next."""
    system = edition.bindings.system
    given = overrides.between(now, now + roster.AHEAD)
    for each in roster.rosters(edition.design, edition.bindings.duty):
        found = roster.shifts(each, given, now, now + roster.AHEAD, system)
        is_present = bool(found) and found[0].start == now
        ends = found[0].end if is_present and found[0].end < now + roster.AHEAD else None
        watch = roster.on_duty(each, given, now, system)
        yield edition, each, watch, roster.following(each, given, now, system), ends


def _turns(edition: Edition, now: datetime, length: timedelta) -> list[DutyShift]:
    known, end = roster.rosters(edition.design, edition.bindings.duty), now + length
    return roster.turns(known, overrides.between(now, end), now, end, edition.bindings.system)


def _present(
    edition: Edition, roster: Roster, watch: OnDuty, following: DutyShift | None, ends: datetime | None
) -> dict[str, object]:
    people = edition.bindings.people
    coming = following and as_json(roster, following.watch, following.start, following.end, people)
    return {**as_json(roster, watch, None, ends, people), "next": coming}


def _line(
    edition: Edition, roster: Roster, watch: OnDuty, following: DutyShift | None, ends: datetime | None
) -> str:
    zone, people = edition.bindings.system.zone, edition.bindings.people
    parts: list[Message | str] = [
        roster.role,
        names(watch, roster, people) or Message("notify.outside-hours"),
    ]
    if ends is not None:
        parts.append(Message("notify.until", at=clock(ends, zone)))
    if watch.override is not None:
        parts.append(Message("notify.deputy", why=why(watch.override)))
    if following is not None:
        who = names(following.watch, roster, people)
        parts.append(Message("notify.next-turn", at=clock(following.start, zone), who=who))
    return "  ".join(map(str, parts))


def _turn(shift: DutyShift, edition: Edition) -> str:
    zone = edition.bindings.system.zone
    who = names(shift.watch, shift.roster, edition.bindings.people)
    said = why(shift.watch.override)
    override = f"  {Message('notify.deputy', why=said)}" if said else ""
    return f"{clock(shift.start, zone)} - {clock(shift.end, zone)}  {shift.roster.role}  {who}{override}"


def _list(form: str) -> None:

    found = DutyOverride.objects.unended(system_clock()).order_by("starts_at")
    show(found, form, fields=("override", "role", "person"), about=_who, none=Message("notify.no-overrides"))


def _who(override: DutyOverride) -> str:
    return f"{override.role}  {override.person}"
