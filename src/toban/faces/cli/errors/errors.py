"""`toban errors`: what applications report, and what is done about it."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from toban.chapters.errors import orders
from toban.chapters.errors.kept import ErrorSearch, event_of, found
from toban.chapters.errors.models import ErrorGroup
from toban.chapters.errors.searching.search import ErrorTerm, read_search
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.search_parts import BadSearch, term
from toban.faces.cli.errors.keys import dsn_, key_
from toban.faces.cli.errors.review import review_
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.words.errors import FRESH, standing
from toban.message import Message
from toban.text import printable, printable_json

_REFUSED, _UNUSABLE = 1, 2
_STATES = ("open", "new", "regressed", "resolved", "ignored", "all")
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_NUMBER = click.argument("number", type=click.IntRange(1), metavar="ERROR")


@click.group(
    "errors",
    epilog="Example: toban errors list --state regressed",
)
def command() -> None:
    """List, show and settle the errors that applications report, and review a week of them.

    These are the errors that Sentry's SDKs send; events of the same error are grouped.
    """


command.add_command(dsn_)
command.add_command(key_)
command.add_command(review_)


@command.command(
    "list",
    short_help="List errors, most recent first.",
    epilog="Example: toban errors list --search 'TimeoutError environment:production -region:tokyo'",
)
@click.option("--state", type=click.Choice(_STATES), default="open", show_default=True)
@click.option("--project", default="", metavar="APP", help="Only of this [errors.APP].")
@click.option("--search", "written", default="", metavar="SEARCH", help="Words, and FIELD:VALUE; see above.")
@click.option("--assignee", default="", metavar="NAME", help="Only errors assigned to NAME.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_FORMAT
def list_(state: str, project: str, written: str, assignee: str, limit: int, form: str) -> None:
    """List errors that are open, or in another state, the last seen first.

    A keyword is searched in the title, the exception, the message, the place, the transaction and the
    release; FIELD:VALUE in that field or tag. The fields are type, value, message, title, culprit,
    transaction, release, environment, level, platform, logger, server, url, user, and the numbers count and
    users (count:>=100). Any other name is a tag (region:tokyo). A * at either end of a value matches
    anything, a leading - excludes, and has:region finds what has a value.

    \b
    Exit status:
      0  listed
      2  the search can't be read, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        fresh = system_clock() - FRESH
        state = "" if state == "all" else state
        search = ErrorSearch(state, _terms(written), project, assignee=assignee, fresh=fresh)
        groups = list(found(search)[:limit])
        if form == "json":
            say(printable_json([as_json(group) for group in groups], indent=2))
        else:
            say("\n".join(map(_line, groups)) or str(Message("errors.none-match")))


def _terms(written: str) -> "tuple[ErrorTerm, ...]":

    try:
        return read_search(written)
    except BadSearch as bad:
        refuse(bad.said, Message("logs.see-help-of-search", command="toban errors list"))
        raise SystemExit(_UNUSABLE) from bad


@command.command("show", short_help="Show one error with its newest event.")
@_NUMBER
@_FORMAT
def show_(number: int, form: str) -> None:
    """Show one error: where it happens, since when, how often, and its newest event with the stack.

    \b
    Exit status:
      0  shown
      1  there is no such error
      2  the state database can't be used
    """
    speak_utf8()
    with usable_state():
        group = ErrorGroup.objects.filter(pk=number).first()
        if group is None:
            refuse(Message("errors.no-such-error", error=number), Message("errors.full-list-shows-numbers"))
            raise SystemExit(_REFUSED)
        stored = group.events.order_by("-pk").first()
        event: Mapping[str, Any] = event_of(stored) if stored is not None else {}
        if form == "json":
            say(printable_json({**as_json(group), "event": event}, indent=2))
        else:
            say("\n".join([_line(group), *_facts(group), *_story(event)]))


@command.command(
    "resolve",
    short_help="Resolve an error.",
    epilog="Example: toban errors resolve 12 --in shop@1.4.2",
)
@_NUMBER
@click.option("--in", "in_release", default="", metavar="RELEASE", help="The release that fixes it.")
def resolve_(number: int, in_release: str) -> None:
    """Resolve an error: a new occurrence, or one from RELEASE on, is notified as a regression.

    \b
    Exit status:
      0  done
      1  there is no such error, or it is resolved already
      2  the state database can't be used
    """
    _order("resolve", number, in_release=in_release)


@command.command("ignore", short_help="Ignore an error: no more notifications.")
@_NUMBER
def ignore_(number: int) -> None:
    """Tell nobody of an error any more, however often it happens; it is still counted.

    \b
    Exit status:
      0  done
      1  there is no such error, or it is ignored already
      2  the state database can't be used
    """
    _order("ignore", number)


@command.command("reopen", short_help="Reopen a resolved or ignored error.")
@_NUMBER
def reopen_(number: int) -> None:
    """Take back that an error is resolved or ignored.

    \b
    Exit status:
      0  done
      1  there is no such error, or it is open
      2  the state database can't be used
    """
    _order("reopen", number)


@command.command(
    "assign",
    short_help="Assign an error.",
    epilog="Example: toban errors assign 12 kai",
)
@_NUMBER
@click.argument("name", default="")
def assign_(number: int, name: str) -> None:
    """Give an error to NAME, or to nobody without a name.

    \b
    Exit status:
      0  done
      1  there is no such error, or it is NAME's already
      2  the state database can't be used
    """
    _order("assign", number, name)


def _order(what: str, number: int, *more: str, **named: str) -> None:
    speak_utf8()
    with usable_state():
        orders_by_name: Mapping[str, Callable[..., ErrorGroup]] = {
            "resolve": orders.resolve,
            "ignore": orders.ignore,
            "reopen": orders.reopen,
            "assign": orders.assign,
        }
        try:
            group = orders_by_name[what](number, *more, **named, by=shell_user(), now=system_clock())
        except NotPossible as exc:
            refuse(exc.said, exc.hint or f"toban errors show {number}")
            raise SystemExit(_REFUSED) from exc
        say(_line(group))


def _line(group: ErrorGroup) -> str:
    """Return the error in one line, with times in this machine's zone."""
    stands = standing(group, system_clock())
    parts = [
        f"{group.pk:>6}",
        f"{stands.mark} {stands.word}",
        f"{group.project} {group.subject}",
        Message("errors.times", count=group.count),
        Message("errors.users", count=group.users) if group.users else "",
        Message("errors.last-seen", at=f"{group.last_seen.astimezone():%Y-%m-%d %H:%M:%S}"),
        Message("errors.assigned-to", name=group.assignee) if group.assignee else "",
    ]
    return printable("  ".join(str(part) for part in parts if part))


def _facts(group: ErrorGroup) -> Sequence[str]:
    releases = " … ".join(dict.fromkeys(filter(None, (group.first_release, group.last_release))))
    resolved = ""
    if group.resolved_at is not None:
        where = f" ({Message('errors.in-release', release=group.resolved_in)})" if group.resolved_in else ""
        resolved = f"{group.resolved_by} {group.resolved_at.astimezone():%Y-%m-%d %H:%M}{where}"
    regressions = Message("errors.times-regressed", count=group.regressions) if group.regressions else ""
    facts = {
        "place": group.culprit,
        "first-seen": f"{group.first_seen.astimezone():%Y-%m-%d %H:%M:%S}",
        "level": group.level,
        "releases": releases,
        "resolved": resolved,
        "regressed": str(regressions),
    }
    return [
        f"    {Message(f'errors.fact-{name}')}: {printable(value)}" for name, value in facts.items() if value
    ]


def _story(event: Mapping[str, Any]) -> Sequence[str]:
    """Return the newest event: its exceptions with their stacks, the last call first."""
    lines = []
    for raised in reversed(event.get("raised", ())):
        lines += ["", *_said(f"{raised['kind']}: {raised['value']}"), *_calls(raised["frames"])]
    if not lines and event.get("message"):
        lines += ["", *_said(event["message"]), *_calls(event["stack"])]
    for name, search in (("request_id", "requestId"), ("trace_id", "traceId")):
        if event.get(name):
            logs = Message("errors.find-logs", search=shlex.quote(term(search, event[name])))
            lines += ["", printable(str(logs))]
    return lines


def _calls(frames: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for frame in reversed(frames):
        place = frame["file"] or frame["module"]
        place += f":{frame['line']}" if frame["line"] else ""
        yield printable(f"  {'▸' if frame['in_app'] else ' '} {place} {frame['function']}")
        if frame["source"].strip():
            yield printable(f"        {frame['source'].strip().expandtabs(4)}")


def _said(text: str) -> Iterator[str]:
    yield from map(printable, text.splitlines())


def as_json(group: ErrorGroup) -> dict[str, object]:
    """Return the error as JSON values, with times in UTC."""
    return {
        "error": group.pk,
        "project": group.project,
        "title": str(group.subject),
        "culprit": group.culprit,
        "level": group.level,
        "state": group.state,
        "count": group.count,
        "users": group.users,
        "first_seen": group.first_seen.isoformat(),
        "last_seen": group.last_seen.isoformat(),
        "first_release": group.first_release,
        "last_release": group.last_release,
        "assignee": group.assignee,
        "resolved_at": group.resolved_at.isoformat() if group.resolved_at else None,
        "resolved_in": group.resolved_in,
        "regressions": group.regressions,
    }
