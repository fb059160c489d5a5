"""`toban incident figures`: how fast incidents were answered and over, and how many there were."""

from collections.abc import Iterator

import click

from toban.chapters.incident.figures import IncidentFigures, TimeFigure
from toban.chapters.incident.operation import OPERATION
from toban.engine.amounts import length
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.incident import MOST_MONTHS, ShownFigures, figures_of, figures_values
from toban.message import Message
from toban.text import printable_json


@click.command("figures", epilog="Example: toban incident figures --months 12 --format json")
@click.option(
    "--months",
    type=click.IntRange(1, MOST_MONTHS),
    default=6,
    show_default=True,
    help="How many, this one included.",
)
@FORMAT
@click.pass_obj
def command(parts: Parts, months: int, form: str) -> None:
    """Show the times to response (MTTA) and recovery (MTTR) by month, severity and known failure.

    Drills and merged incidents don't count. Each time: mean (median, longest).

    \b
    Exit status:
      0  shown, even if there was no incident
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        found = figures_of(edition_of(parts).plan(OPERATION), system_clock(), months)
        if form == "json":
            say(printable_json(figures_values(found), indent=2))
            return
        for line in _lines(found):
            say(line)


def _lines(found: ShownFigures) -> Iterator[Message | str]:
    if not found.whole.count:
        yield Message("incident-reports.no-incidents")
        return
    yield Message("incident-reports.figures-by-month")
    for month, each in found.by_month.items():
        yield f"  {month:%Y-%m}  {_figures(each)}"
    yield Message("incident-reports.figures-by-level")
    for name, each in found.by_level.items():
        yield f"  {name or '—'}  {_figures(each)}"
    yield Message("incident-reports.figures-by-pattern")
    for name, count in found.by_pattern.items():
        yield f"  {count:>4}  {name or Message('incident-reports.no-known-failure')}"


def _figures(found: IncidentFigures) -> Message:
    response, recovery = _time(found.to_response), _time(found.to_recovery)
    counts = {"count": found.count, "ongoing": found.ongoing}
    return Message("incident-reports.figures", **counts, response=response, recovery=recovery)


def _time(found: TimeFigure) -> Message | str:
    if found.mean is None or found.median is None or found.longest is None:
        return "—"
    spans = {"mean": found.mean, "median": found.median, "longest": found.longest}
    return Message("incident-reports.time-figure", **{name: length(each) for name, each in spans.items()})
