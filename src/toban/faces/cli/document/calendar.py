"""`toban calendar`: what the document puts on which day."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from toban.design.calendar import weekday_name
from toban.design.document_file import UnreadableDocument
from toban.design.reader import load_design
from toban.engine.assumptions.vague import settle
from toban.engine.bindings.load import UnreadableBindings, load_bindings, read_bindings
from toban.engine.calendar.agenda import Agenda, AgendaDay, AgendaEntry, agenda, every_day
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.faces.cli.state import set_up
from toban.faces.icalendar import icalendar
from toban.faces.terminal import put, refuse, say, speak_utf8, styled
from toban.faces.values.calendar import day_values
from toban.faces.words.agenda import title
from toban.message import NOTHING, Message, message_of
from toban.text import printable_json

_UNREADABLE = 2
_TWELVE_MONTHS = timedelta(days=365)
_LONGEST = timedelta(days=366 * 5)
_DATE = click.DateTime(["%Y-%m-%d"])


@click.command(
    "calendar",
    epilog="Example: toban calendar --design ops-design.md --from 2027-04-01 --to 2028-03-31 --format ics",
)
@click.option(
    "--design", type=click.Path(path_type=Path), envvar="TOBAN_DESIGN", default=Path("運用設計書.md"),
    show_default=True, help="The operations design.",
)  # fmt: skip
@click.option(
    "--bindings", type=click.Path(path_type=Path), envvar="TOBAN_BINDINGS",
    help="toban.toml, for zone, holidays and vague words; by default the one next to the design.",
)  # fmt: skip
@click.option("--from", "first", type=_DATE, help="The first day; by default today.")
@click.option("--to", "last", type=_DATE, help="The last day; by default 12 months after the first.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "ics"]), default="text", show_default=True
)
@click.pass_obj
def command(
    parts: Parts,
    design: Path,
    bindings: Path | None,
    first: datetime | None,
    last: datetime | None,
    form: str,
) -> None:
    """Show batches, backups, routine work and maintenance day by day, with holidays and overlaps.

    Covers the next 12 months, unless told otherwise. What occurs every day is listed first. Works whether
    Toban runs or not.

    \b
    Exit status:
      0  shown
      2  the document or the bindings can't be read
    """
    speak_utf8()
    set_up()
    # Imports models, which Django must be ready for.
    from toban.engine.tasks.lists import schedules_of_people  # noqa: PLC0415

    edition = _read(design, bindings, parts)
    system = edition.bindings.system
    begin = first.date() if first else system_clock().astimezone(system.zone).date()
    end = last.date() if last else begin + _TWELVE_MONTHS
    if not begin <= end <= begin + _LONGEST:
        raise click.BadParameter(str(Message("document.calendar-out-of-range")), param_hint="--to")
    schedules = schedules_of_people(edition, parts)
    found = agenda(edition.design, system, begin, end, schedules)
    if form == "ics":
        # Bytes, so that lines end as RFC 5545 requires, whatever the terminal.
        put(icalendar(found, system.name or design.stem, system_clock()).encode())
    else:
        say(_as_json(found) if form == "json" else "\n".join(_as_text(found)))


def _read(path: Path, bindings: Path | None, parts: Parts) -> Edition:
    beside = bindings or path.with_name("toban.toml")
    try:
        if bindings is None and not beside.exists():
            bound = read_bindings("", beside, parts.schema)
        else:
            bound = load_bindings(beside, parts.schema)
        design = load_design(path, bound.readings)
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNREADABLE) from exc
    except UnreadableBindings as exc:
        say(exc, err=True)
        raise SystemExit(_UNREADABLE) from exc
    return Edition(settle(design, bound), bound, parts.kinds)


def _as_text(found: Agenda) -> Iterator[str]:
    daily = every_day(found)
    if daily:
        yield styled(Message("document.every-day"), bold=True)
        first = (entry for entry in found.days[0].entries if entry.clause.id in daily)
        # Only overlaps among daily entries: any other is shown on its day, on the line of the entry that is
        # not daily.
        yield from (_line(replace(each, meets=_among(daily, each.meets))) for each in first)
    for day in found.days:
        entries = [entry for entry in day.entries if entry.clause.id not in daily]
        if entries or day.holiday:
            yield styled(_heading(day), bold=True)
            yield from map(_line, entries)
    for clause in found.constant:
        yield str(Message("document.repeats-within-days", row=title(clause), origin=clause.origin))
    business = sum(day.is_business_day for day in found.days)
    together = sum(bool(entry.meets) for day in found.days for entry in day.entries)
    yield str(
        Message(
            "document.calendar-summary",
            days=Message("document.days", count=len(found.days)),
            business=Message("document.business-days", count=business),
            overlaps=Message("document.overlaps", count=together),
        )
    )


def _among(ids: Collection[str], meets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in meets if each in ids)


def _heading(day: AgendaDay) -> str:
    kind = day.holiday or (NOTHING if day.is_business_day else Message("document.day-off"))
    return f"{day.date} ({weekday_name(day.date)}) {kind}".rstrip()


def _line(entry: AgendaEntry) -> str:
    others = [each.split("/", 2)[2] for each in entry.meets]
    meets = f"  ▲ {Message('document.overlaps-with', rows=others)}" if others else ""
    return f"  {_clock(entry):<11}  {title(entry.clause)}  {entry.clause.origin}{meets}"


def _clock(entry: AgendaEntry) -> str:
    if entry.is_all_day:
        return str(Message("document.all-day"))
    return f"{entry.start:%H:%M}" + (f"-{entry.end:%H:%M}" if entry.end > entry.start else "")


def _as_json(found: Agenda) -> str:
    report = {
        "days": [day_values(day) for day in found.days],
        "constant": [{"clause": clause.id, "at": str(clause.origin)} for clause in found.constant],
    }
    return printable_json(report, indent=2)
