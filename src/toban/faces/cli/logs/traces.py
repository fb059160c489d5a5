"""`toban traces`: how long the routes of services take, and one trace as a waterfall."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
from django.conf import settings
from rich.table import Table

from toban.chapters.logs.spans.waterfall import waterfall
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.spans.search import RouteFigures, SpanSearch
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.faces.cli import period
from toban.faces.cli.drawn import show
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.words import traces as trace_words
from toban.message import Message, message_of
from toban.text import printable_json

_NOTHING, _UNUSABLE = 1, 2
_USUAL = timedelta(hours=1)
_MOST = 100_000
"""How many spans of a trace are printed."""

_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
WIDE = 200


@click.command(
    "traces",
    epilog="Example: toban traces --since 24h --service shop-api",
)
@click.argument("trace_id", required=False)
@click.option("--since", metavar="LENGTH", help="How far back from now: 30m, 2h. [default: 1h]")
@click.option("--from", "start", metavar="TIME", help="From this time on: 2026-11-26T09:00.")
@click.option("--to", "end", metavar="TIME", help="Up to this time.")
@click.option("--service", default="", metavar="NAME", help="The routes of this service alone.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Routes.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    trace_id: str | None,
    since: str | None,
    start: str | None,
    end: str | None,
    service: str,
    limit: int,
    form: str,
) -> None:
    """Print the slowest routes of the time asked, or the spans of the trace TRACE_ID.

    Routes come from the spans of kind SERVER, sorted by the 95th percentile, slowest first.
    With json, each route or span is one line.

    \b
    Exit status:
      0  something was found
      1  nothing was found
      2  what is asked can't be read, or the store does not answer
    """
    speak_utf8()
    if trace_id is not None and not _TRACE_ID.fullmatch(trace_id):
        refuse(Message("logs.not-a-trace-id", written=trace_id[:64]), Message("logs.where-trace-ids-are"))
        raise SystemExit(_UNUSABLE)
    asked = TimeSpan(*within(since, start, end))
    try:
        store = SpanSearch(store_of_home())
        if trace_id is not None:
            found = _show_trace(store, trace_id.lower(), form)
        else:
            found = _show_routes(store, asked, service, limit, form)
    except (StoreUnavailable, StoreRefused) as away:
        refuse(
            Message("logs.trace-store-not-answering", reason=message_of(away)),
            Message("logs.check-store-and-home"),
        )
        raise SystemExit(_UNUSABLE) from away
    if not found:
        say(Message("logs.nothing-found"), err=True)
        raise SystemExit(_NOTHING)


def within(since: str | None, start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """Return the start and the end of the period asked for."""
    if since is not None and start is not None:
        raise click.UsageError(str(Message("logs.since-or-from")))
    until = period.moment(end, "--to") if end else datetime.now(UTC)
    back = period.length(since, "--since") if since else _USUAL
    begin = period.moment(start, "--from") if start else until - back
    if begin >= until:
        raise click.UsageError(str(Message("telemetry.start-after-end")))
    return begin, until


def store_of_home() -> Telemetry:
    """Return the store that this home knows; raises `StoreUnavailable`."""
    if not settings.TELEMETRY_URL:
        raise StoreUnavailable("no address is known")
    return Telemetry(settings.TELEMETRY_URL)


def _show_trace(store: SpanSearch, trace_id: str, form: str) -> bool:
    spans = store.trace(trace_id, limit=_MOST)
    if not spans:
        return False
    drawn = waterfall(spans)
    if form == "json":
        for line in drawn.lines:
            say(printable_json(trace_words.as_record(line)))
    else:
        for text in trace_words.as_text(drawn):
            say(text)
    return True


def _show_routes(store: SpanSearch, within: TimeSpan, service: str, limit: int, form: str) -> bool:
    found = store.routes(within, service=service, limit=limit)
    seconds = (within.end - within.start).total_seconds()
    if form == "json":
        for route in found:
            say(printable_json(trace_words.route_record(route, seconds)))
    elif found:
        _print(found, seconds)
    return bool(found)


def _print(found: Sequence[RouteFigures], seconds: float) -> None:
    table = route_table()
    table.add_column(str(Message("logs.column-slowest")), no_wrap=True)
    for route in found:
        table.add_row(*trace_words.route_cells(route, seconds), route.slowest)
    show(table, width=WIDE)


def route_table() -> Table:
    """Return a table with the headings of `route_cells`."""
    table = Table(box=None, pad_edge=False)
    for heading in ("service", "route"):
        table.add_column(str(Message(f"logs.column-{heading}")), overflow="fold")
    for heading in ("count", "per-minute", "errors", "median"):
        table.add_column(str(Message(f"logs.column-{heading}")), justify="right", no_wrap=True)
    for percentile in ("95%", "99%"):
        table.add_column(percentile, justify="right", no_wrap=True)
    return table
