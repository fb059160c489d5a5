"""`toban routes`: requests, errors and response times of services' routes, from access logs."""

import click

from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.requests import RouteOrder, logged_routes
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.cli.drawn import show
from toban.faces.cli.logs.traces import WIDE, route_table, store_of_home, within
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.words.traces import route_cells, route_record
from toban.message import Message, message_of
from toban.text import printable_json

_NOTHING, _UNUSABLE = 1, 2


@click.command("routes", epilog="Example: toban routes --since 24h --service shop-api --sort failed")
@click.option("--since", metavar="LENGTH", help="How far back from now: 30m, 2h. [default: 1h]")
@click.option("--from", "start", metavar="TIME", help="From this time on: 2026-11-26T09:00.")
@click.option("--to", "end", metavar="TIME", help="Up to this time.")
@click.option("--service", default="", metavar="NAME", help="The routes of this service alone.")
@click.option(
    "--sort",
    type=click.Choice([each.value for each in RouteOrder]),
    default=RouteOrder.P95.value,
    show_default=True,
    help="The greatest first; failed is the share of errors.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Routes.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    since: str | None, start: str | None, end: str | None, service: str, sort: str, limit: int, form: str
) -> None:
    """Print requests, share of errors, and p50, p95 and p99 of each route, from access logs.

    In paths, numbers and keys are replaced by {}. An error is a request answered with 500 or more.
    With json, each route is one line.

    \b
    Exit status:
      0  something was found
      1  nothing was found
      2  what is asked can't be read, or the store does not answer
    """
    speak_utf8()
    asked = TimeSpan(*within(since, start, end))
    seconds = (asked.end - asked.start).total_seconds()
    try:
        found = logged_routes(store_of_home(), asked, service=service, order=RouteOrder(sort), limit=limit)
    except (StoreUnavailable, StoreRefused) as away:
        refuse(
            Message("logs.store-not-answering", reason=message_of(away)),
            Message("logs.check-store-and-home"),
        )
        raise SystemExit(_UNUSABLE) from away
    if not found:
        say(Message("logs.nothing-found"), err=True)
        raise SystemExit(_NOTHING)
    if form == "json":
        for route in found:
            say(printable_json(route_record(route, seconds)))
        return
    table = route_table()
    for route in found:
        table.add_row(*route_cells(route, seconds))
    show(table, width=WIDE)
