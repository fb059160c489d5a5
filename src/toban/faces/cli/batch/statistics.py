"""`toban statistics`: the figures of past days."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import click

from toban.chapters.batch.kinds.statistics.history import DayRow, history, works
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, listing
from toban.text import no_formula, printable_json

_UNKNOWN = 1
_DAY = click.DateTime(["%Y-%m-%d"])
_A_MONTH = timedelta(days=31)


@click.command(
    "statistics",
    epilog="Example: toban statistics B004 --from 2026-11-01 --format csv",
)
@click.argument("batch", required=False)
@click.option("--from", "first", type=_DAY, metavar="DATE", help="The first day; a month ago without it.")
@click.option("--to", "last", type=_DAY, metavar="DATE", help="The last day; today without it.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
def command(batch: str | None, first: datetime | None, last: datetime | None, form: str) -> None:
    """Show what BATCH added up, day by day; without BATCH, of the only one that has figures.

    Shows the figures of the days that were added up, the oldest first. A gap is empty, not 0.

    \b
    Exit status:
      0  shown
      1  no such figures
      2  the state database can't be read
    """
    speak_utf8()
    end = last.date() if last else datetime.now().astimezone().date()
    start = first.date() if first else end - _A_MONTH
    with usable_state():
        key = _chosen(batch, works())
        rows = history(key, start, end)
    if form == "json":
        say(printable_json([_as_json(row) for row in rows], indent=2))
    elif form == "csv":
        say(_as_csv(rows).rstrip("\n"))
    else:
        nothing = Message("batch.no-day-added-up", first=start, last=end, batch=key)
        say("\n".join(map(_line, rows)) or nothing)


def _chosen(batch: str | None, known: Sequence[str]) -> str:
    if batch is None and len(known) == 1:
        return known[0]
    if batch in known:
        return str(batch)
    refuse(
        Message("batch.has-no-figures", batch=batch) if batch else Message("batch.name-the-batch"),
        Message("batch.figures-are-of", known=known) if known else Message("batch.figures-come-with-runs"),
    )
    raise SystemExit(_UNKNOWN)


def _line(row: DayRow) -> str:
    return f"{row.day}  {listing([each.said for each in row.figures])}"


def _as_json(row: DayRow) -> dict[str, object]:
    """Return the day as JSON values; figures are text, so that no digit is lost."""
    figures = [
        {
            "name": each.name,
            "value": _plain(each.value) or None,
            "unit": each.unit,
            "coverage": each.coverage,
        }
        for each in row.figures
    ]
    return {"day": row.day.isoformat(), "figures": figures}


def _as_csv(rows: Sequence[DayRow]) -> str:
    """Return CSV with a column for each name that occurs on any day."""
    names = list(dict.fromkeys(each.name for row in rows for each in row.figures))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["day", *map(no_formula, names)])
    for row in rows:
        values = {each.name: each.value for each in row.figures}
        writer.writerow([row.day, *(_plain(values.get(name)) for name in names)])
    return text.getvalue()


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
