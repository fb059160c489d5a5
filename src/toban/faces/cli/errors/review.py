"""`toban errors review`: which errors are new, growing or gone in a week."""

from collections.abc import Sequence
from datetime import date, datetime

import click

from toban.chapters.errors.kept import weekly
from toban.chapters.errors.models import ErrorGroup
from toban.chapters.errors.reviewing.review import ReviewedError, Week, week_of
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.words.errors import TRENDS
from toban.message import Message
from toban.text import printable, printable_json

type Found = Sequence[tuple[ErrorGroup, ReviewedError]]


_YEARS = range(2000, 2200)


@click.command(
    "review",
    short_help="New, growing and gone errors of a week.",
    epilog="Example: toban errors review --week 2026-11-23",
)
@click.option("--week", metavar="DATE", help="A day of the week. [default: last week]")
@click.option("--project", default="", metavar="APP", help="Only of this [errors.APP].")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def review_(parts: Parts, week: str | None, project: str, form: str) -> None:
    """Compare a week's errors with the week before: new, back, growing, shrinking, gone.

    Ignored errors are left out. The document's 「エラーログ分析」 is signed off by `toban tasks`.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    day = _day(week) if week is not None else None
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        zone = edition.bindings.system.zone
        chosen = week_of(day, zone) if day is not None else week_of(now.astimezone(zone).date(), zone).before
        found = weekly(chosen, project)
        say(_json(chosen, found) if form == "json" else _text(chosen, found))


def _day(written: str) -> date:
    try:
        day = datetime.fromisoformat(written).date()
    except ValueError:
        day = date.min
    if day.year not in _YEARS:
        raise click.BadParameter(str(Message("errors.not-a-date", written=written)), param_hint="--week")
    return day


def _text(week: Week, found: Found) -> str:
    lines, last = [str(Message("errors.week-beside-the-one-before", monday=week.monday))], None
    for group, each in found:
        if each.trend is not last:
            lines.append(f"\n{TRENDS[each.trend]}")
            last = each.trend
        line = f"{group.pk:>6}  {each.before:>6} → {each.count:<6}  {group.project} {group.subject}"
        lines.append(printable(line))
    return "\n".join(lines if found else [*lines, str(Message("errors.none-that-week"))])


def _json(week: Week, found: Found) -> str:
    told = [
        {
            "error": group.pk,
            "project": group.project,
            "title": str(group.subject),
            "trend": each.trend.value,
            "count": each.count,
            "before": each.before,
        }
        for group, each in found
    ]
    return printable_json({"week": week.monday.isoformat(), "errors": told}, indent=2)
