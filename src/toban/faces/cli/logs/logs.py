"""`toban logs`: search what applications wrote, with the language of the page."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import override

import click
from django.conf import settings

from toban.chapters.logs.following import SearchFollower
from toban.engine.registry.parts import Parts
from toban.engine.search_parts import BadSearch, parts_of, quoted
from toban.engine.telemetry.logs.language import MOST_TERMS, read_search
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, LogTerm, RowPosition, TimeSpan
from toban.engine.telemetry.logs.unknown import unknown_names
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.faces.cli import period
from toban.faces.cli.logs.from_archive import newest_archived
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.words.logs import WRITERS, csv_heading
from toban.message import Message, message_of

_NOTHING, _UNUSABLE = 1, 2
_USUAL = timedelta(hours=1)
_PAGE = 1000
_LEFT_OUT = re.compile(r"-(?!-|h$).")
"""A term that excludes, but not `-h` for help."""
_LOOK = 1.0
"""Seconds between two looks of `--follow`."""


class _Searching(click.Command):
    """A command whose arguments may begin with a minus, such as `-health`: its options begin with two."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        options = [each for each in args[:end] if not _LEFT_OUT.match(each)]
        left_out = [each for each in args[:end] if _LEFT_OUT.match(each)]
        return super().parse_args(ctx, [*options, "--", *left_out, *args[end + 1 :]])


@click.command(
    "logs",
    cls=_Searching,
    epilog="""\b
Example: toban logs --since 2h level:ERROR service:shop-api -health 'status:>=500'
         toban logs --from-archive --from 2026-05-10T00:00 --to 2026-05-11T00:00 requestId:abc-123""",
)
@click.argument("search", nargs=-1)
@click.option("--since", metavar="LENGTH", help="How far back from now: 30m, 2h. [default: 1h]")
@click.option("--from", "start", metavar="TIME", help="From this time on: 2026-11-26T09:00.")
@click.option("--to", "end", metavar="TIME", help="Up to this time.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@click.option("--from-archive", "archived", is_flag=True, help="Search archived days instead of the store.")
@click.option("--follow", is_flag=True, help="Follow new lines until Ctrl-C.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
@click.pass_obj
def command(
    parts: Parts,
    search: tuple[str, ...],
    since: str | None,
    start: str | None,
    end: str | None,
    limit: int,
    archived: bool,
    follow: bool,
    form: str,
) -> None:
    """Print the newest rows that a search finds, the oldest of them first.

    A keyword or /PATTERN/ is searched in the message, FIELD:VALUE in that field. Numbers compare, as in
    status:>=500, or begin, as in status:5*. All terms must match; A OR B wants one of the two, and NOT or a
    leading - excludes. The fields are kind, level, service, userId, requestId, traceId, ip, method, route,
    status, durationMs, and every other field that was sent (cart.items:3).

    \b
    Exit status:
      0  something was found
      1  nothing was found
      2  the search can't be read, the store does not answer, or nothing of that time is archived
    """
    speak_utf8()
    if since is not None and start is not None:
        raise click.UsageError(str(Message("logs.since-or-from")))
    if follow and (end is not None or archived):
        raise click.UsageError(str(Message("logs.follow-has-no-end")))
    terms = _terms(search)
    until = period.moment(end, "--to") if end else datetime.now(UTC) + timedelta(minutes=10)
    back = period.length(since, "--since") if since else _USUAL
    begin = period.moment(start, "--from") if start else min(until, datetime.now(UTC)) - back
    if begin >= until:
        raise click.UsageError(str(Message("telemetry.start-after-end")))
    span, show = TimeSpan(begin, until), WRITERS[form]
    if form == "csv":
        say(csv_heading())
    if archived:
        rows = newest_archived(parts, terms, span, limit)
        for row in rows:
            say(show(row))
    else:
        rows = _print_stored(terms, span, limit, show, follow=follow)
    if not rows:
        say(Message("logs.nothing-found"), err=True)
        raise SystemExit(_NOTHING)


def _print_stored(
    terms: "tuple[LogTerm, ...]", span: TimeSpan, limit: int, show: Callable[[FoundRow], str], *, follow: bool
) -> "list[FoundRow]":
    """Print what the store holds and, with *follow*, new rows without end."""
    try:
        store = LogSearch(_telemetry())
        found = _newest(store, terms, span, limit)
        for row in found:
            say(show(row))
        for unknown in () if found else unknown_names(store, terms, span):
            say(unknown, err=True)
        if follow:
            _follow(store, terms, span.start, {row.place for row in found}, show)
    except (StoreUnavailable, StoreRefused) as away:
        refuse(
            Message("logs.store-not-answering", reason=message_of(away)),
            Message("logs.check-store-and-home"),
        )
        raise SystemExit(_UNUSABLE) from away
    return found


def _terms(search: tuple[str, ...]) -> "tuple[LogTerm, ...]":
    try:
        return read_search(" ".join(map(_argument, search))).terms
    except BadSearch as bad:
        refuse(bad.said, Message("logs.see-help-of-search", command="toban logs"))
        raise SystemExit(_UNUSABLE) from bad


def _argument(written: str) -> str:
    """Return an argument as the part of a search that it was before the shell removed its quotes."""
    if " " not in written or '"' in written:
        return written
    # 'service:corp level:ERROR' is several terms in one argument, 'card declined' one text.
    parts = parts_of(written, MOST_TERMS)
    is_search = any(part.field[:1].isalpha() or part.operator or part.is_pattern for part in parts)
    return written if is_search else quoted(written)


def _telemetry() -> Telemetry:
    if not settings.TELEMETRY_URL:
        raise StoreUnavailable("no address is known")
    return Telemetry(settings.TELEMETRY_URL)


def _newest(store: LogSearch, terms: "tuple[LogTerm, ...]", span: TimeSpan, limit: int) -> "list[FoundRow]":
    """Return the newest rows, the oldest of them first."""
    found: list[FoundRow] = []
    while len(found) < limit:
        before = found[-1].place if found else None
        page = store.newest(terms, span, limit=min(limit - len(found), _PAGE), before=before)
        found += page
        if len(page) < _PAGE:
            break
    return found[::-1]


def _follow(
    store: LogSearch,
    terms: "tuple[LogTerm, ...]",
    begin: datetime,
    known: set[RowPosition],
    show: Callable[[FoundRow], str],
) -> None:
    """Print new rows, except those that are *known* already."""
    following = SearchFollower(store, terms, begin, _PAGE)
    while True:
        for row in following.look(datetime.now(UTC)):
            if row.place not in known:
                say(show(row))
        time.sleep(_LOOK)
