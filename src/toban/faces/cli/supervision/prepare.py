"""`toban prepare`: everything that must be right before Toban's processes start. `toban up` runs it."""

import os
from pathlib import Path

import click
from django.core.management import call_command
from django.db import OperationalError

from toban.design.reader import Design, UnreadableDocument, load_design
from toban.engine.bindings.load import UnreadableBindings, load_bindings
from toban.engine.clock import system_clock
from toban.engine.people.first import NAME, first_administrator
from toban.engine.registry.parts import Parts
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_UNUSABLE = 2


@click.command("prepare")
@click.pass_obj
def command(parts: Parts) -> None:
    """Check what TOBAN_DESIGN and TOBAN_BINDINGS name, migrate the state database, make the first account.

    `toban up` does this first, each time. Repeating it is harmless.

    \b
    Exit status:
      0  everything is ready
      2  it is not: the reason and a HINT stand on the error stream
    """
    speak_utf8()
    design = _checked_design(Path(os.environ.get("TOBAN_DESIGN", "運用設計書.md")))
    _check_bindings(Path(os.environ.get("TOBAN_BINDINGS", "toban.toml")), parts, design)
    _bring_state_up_to_date()


def _checked_design(path: Path) -> Design:
    try:
        design = load_design(path)
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc
    rows, unread = len(design.clauses), len(design.unread)
    say(Message("supervision.design-read", file=path.name, rows=rows, unread=unread))
    return design


def _check_bindings(path: Path, parts: Parts, design: Design) -> None:
    try:
        bindings = load_bindings(path, parts.schema)
    except UnreadableBindings as exc:
        click.echo(str(exc), err=True)
        raise SystemExit(_UNUSABLE) from exc
    for finding in parts.findings(design, bindings):
        click.echo(str(finding), err=True)


def _bring_state_up_to_date() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
        password = first_administrator(system_clock())
    except OperationalError as exc:
        refuse(
            Message("cli.state-unusable", why=message_of(exc)),
            Message("supervision.check-state-and-home"),
        )
        raise SystemExit(_UNUSABLE) from exc
    if password is not None:
        say(Message("supervision.first-administrator", name=NAME, password=password))
