"""`toban changes`: what changed, when and by whom."""

from datetime import timedelta

import click
from django.conf import settings

from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, around, found, told
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import kept_edition
from toban.faces.cli.period import moment
from toban.faces.cli.state import usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.changes import change_values
from toban.message import Message
from toban.text import printable, printable_json

_USUAL = timedelta(days=7)


@click.command("changes", epilog='Example: toban changes --about web-1 --since "2026-11-25 18:00"')
@click.option("--about", metavar="NAME", help="Only about this row, host, service, target or batch.")
@click.option("--since", metavar="TIME", help="The first moment. [default: 7 days ago]")
@click.option("--until", metavar="TIME", help="The moment after the last. [default: now]")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([each.value for each in ChangeKind]))
@click.option("--by", default="", metavar="NAME", help="Only by this account.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    parts: Parts,
    about: str | None,
    since: str | None,
    until: str | None,
    kinds: tuple[str, ...],
    by: str,
    limit: int,
    form: str,
) -> None:
    """List what changed, newest first: editions, settings, releases, runs by hand, silences, duty, accounts.

    --about also finds what is about the target of a row or a host, and about the whole system.

    \b
    Exit status:
      0  listed, even if nothing changed
      2  a time can't be read, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        asked = ChangeSearch(
            about=_about(parts, about),
            since=moment(since, "--since") if since else system_clock() - _USUAL,
            until=moment(until, "--until") if until else None,
            kinds=tuple(map(ChangeKind, kinds)),
            actor=by,
            with_accounts=True,
        )
        _show(told(found(asked)[:limit]), form)


def _about(parts: Parts, name: str | None) -> frozenset[str]:
    if not name:
        return frozenset()
    edition = kept_edition(parts, settings.HOME)
    return around(edition, name) if edition is not None else frozenset({name})


def _show(changes: list[TellingChange], form: str) -> None:
    if form == "json":
        say(printable_json([change_values(each) for each in changes], indent=2))
    else:
        say("\n".join(map(_line, changes)) or Message("changes.none"))


def _line(told: TellingChange) -> str:
    """Return the change in one line, with the time in this machine's zone."""
    change, facts = told.change, told.facts
    parts = [str(facts.kind.word), change.actor, str(facts.said), str(facts.note), facts.url]
    shown = "  ".join(printable(" ".join(part.split())) for part in parts if part)
    return f"{change.pk:>6}  {change.at.astimezone():%Y-%m-%d %H:%M:%S}  {shown}"
