"""`toban incident timeline`: what happened, line by line, and what people add to it and amend."""

import click

from toban.catalogue import active_language
from toban.chapters.incident.models import TimelineEntry
from toban.chapters.incident.timeline import amending, export, reading
from toban.chapters.incident.timeline.amending import WantedLine
from toban.chapters.incident.timeline.kinds import EntryKind, TimelineLine
from toban.chapters.incident.timeline.reading import TimelinePlace, line_of
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.incident.options import AS, INCIDENT, found, shell_of
from toban.faces.cli.kept import edition_of
from toban.faces.cli.period import moment
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.incident import edits_of, line_values, whole_line_values
from toban.message import Message
from toban.text import printable, printable_json

_LINE = click.argument("line", type=click.IntRange(1), metavar="LINE")


@click.group("timeline", epilog="Example: toban incident timeline list 12")
def command() -> None:
    """Show the timeline of an incident, write in it, and export it."""
    speak_utf8()


@command.command("list", epilog="Example: toban incident timeline list 12 --kind change --kind remedy")
@INCIDENT
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([each.value for each in EntryKind]),
    help="Only lines of this kind; may be repeated.",
)
@click.option("--before", "written", metavar="TIME", help="Only earlier lines: 2026-12-08 20:40.")
@click.option(
    "--limit",
    type=click.IntRange(1, reading.LARGEST_PAGE),
    default=50,
    show_default=True,
    help="How many: the newest of them.",
)
@FORMAT
def list_(number: int, kinds: tuple[str, ...], written: str | None, limit: int, form: str) -> None:
    """Show the newest lines of INCIDENT in the order of their times, each with its number.

    \b
    Exit status:
      0  shown, even if there is none
      1  there is no such incident
      2  a time can't be read, or the state database can't be used
    """
    before = TimelinePlace(moment(written, "--before"), 0) if written is not None else None
    with usable_state():
        lines = reading.newest(found(number), before, limit, kinds=[*map(EntryKind, kinds)])
        lines.reverse()
        if form == "json":
            say(printable_json([*map(line_values, lines)], indent=2))
        else:
            say("\n".join(map(_line, lines)) or Message("incident-reports.no-lines"))


@command.command("show", epilog="Example: toban incident timeline show 345")
@_LINE
@FORMAT
def show(line: int, form: str) -> None:
    """Show LINE, and what it said before somebody amended it.

    \b
    Exit status:
      0  shown
      1  there is no such line
      2  the state database can't be used
    """
    with usable_state():
        entry = TimelineEntry.objects.filter(pk=line).first()
        if entry is None:
            raise NotPossible(Message("incident-reports.no-such-entry", number=line))
        if form == "json":
            say(printable_json(whole_line_values(entry), indent=2))
            return
        say(_line(line_of(entry)))
        for edit in edits_of(entry):
            at, happened = (f"{each.astimezone():%Y-%m-%d %H:%M:%S}" for each in (edit.at, edit.happened_at))
            said = Message("incident-reports.said-before", at=happened, said=_flat(str(edit.said)))
            say(f"  {at}  {edit.by}  {said}")


@command.command("export", epilog="Example: toban incident timeline export 12 --format json > timeline.json")
@INCIDENT
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True)
@click.pass_obj
def export_(parts: Parts, number: int, form: str) -> None:
    """Print the whole timeline of INCIDENT, as Markdown or JSON. Hidden lines are left out.

    \b
    Exit status:
      0  printed
      1  there is no such incident
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        zone, language = edition_of(parts).bindings.system.zone, active_language()
        incident = found(number)
        lines = reading.all_entries(incident)
        if form == "json":
            say(printable_json(export.as_json(lines, language), indent=2))
        else:
            say(export.markdown(incident.title, lines, zone, language).rstrip("\n"))


@command.command(
    "add", epilog='Example: toban incident timeline add 12 "cache emptied" --at "2026-12-08 20:40" --as alice'
)
@INCIDENT
@click.argument("text")
@click.option("--at", "written", metavar="TIME", help="When it was: 2026-12-08 20:40. Default: now.")
@AS
def add(number: int, text: str, written: str | None, account: str) -> None:
    """Add a line to INCIDENT.

    \b
    Exit status:
      0  added
      1  not possible: no text, a time long before the incident or still to come, or a part of another
      2  a time can't be read, or the state database can't be used
    """
    at = moment(written, "--at") if written is not None else None
    with usable_state():
        made = amending.add(number, WantedLine(text, at), **shell_of(account), now=system_clock())
        say(Message("incident-reports.line-added", line=made.pk))


@command.command(
    "amend", epilog='Example: toban incident timeline amend 345 --text "cache 2 emptied" --as alice'
)
@_LINE
@click.option("--text", metavar="WORDS", help="What it says from now on.")
@click.option("--at", "written", metavar="TIME", help="When it was: 2026-12-08 20:40.")
@AS
def amend(line: int, text: str | None, written: str | None, account: str) -> None:
    """Give LINE another text or time. What stood there before stays with it.

    \b
    Exit status:
      0  amended
      1  not possible: no such line, nothing changes, or a time that can't be
      2  a time can't be read, or the state database can't be used
    """
    at = moment(written, "--at") if written is not None else None
    with usable_state():
        amending.amend(line, text=text, at=at, **shell_of(account), now=system_clock())
        say(Message("incident-reports.line-amended", line=line))


@command.command("hide", epilog="Example: toban incident timeline hide 345 --as alice")
@_LINE
@click.option("--undo", is_flag=True, help="Show it again.")
@AS
def hide(line: int, account: str, *, undo: bool) -> None:
    """Leave LINE out of exports and reports. It stays on the timeline.

    \b
    Exit status:
      0  done
      1  not possible: no such line, or it is hidden already
      2  the state database can't be used
    """
    with usable_state():
        act = amending.show if undo else amending.hide
        act(line, **shell_of(account), now=system_clock())
        say(Message("incident-reports.line-shown" if undo else "incident-reports.line-hidden", line=line))


def _line(line: TimelineLine) -> str:
    """Return *line* on one line, with the time in this machine's zone."""
    shown = f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}  {line.kind.word}  {_flat(str(line.said))}"
    marks = {"incident-reports.amended": line.is_amended, "incident-reports.hidden": line.is_hidden}
    beside = [
        *([line.by] if line.by else []),
        *(str(Message(code)) for code, holds in marks.items() if holds),
    ]
    return f"{line.number:>6}  {shown}{f' ({", ".join(beside)})' if beside else ''}"


def _flat(text: str) -> str:
    return printable(" ".join(text.split()))
