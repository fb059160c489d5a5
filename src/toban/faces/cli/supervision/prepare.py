"""`toban prepare`: everything that must be right before Toban's processes start. `toban up` runs it."""

import os
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError

from toban.design.document_file import UnreadableDocument
from toban.design.reader import load_design
from toban.engine.bindings.load import UnreadableBindings, declared_in, load_bindings
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.first import NAME, first_administrator
from toban.engine.registry.parts import Parts
from toban.engine.state import tables, upgrading
from toban.engine.supervision.home import in_force_folder
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_UNUSABLE = 2


@click.command("prepare")
@click.option(
    "--no-copy", is_flag=True, help="Change tables without a copy of the state: you have one yourself."
)
@click.option(
    "--new-state", is_flag=True, help="Begin in an empty PostgreSQL, although the home has a state."
)
@click.pass_obj
def command(parts: Parts, no_copy: bool, new_state: bool) -> None:
    """Check what TOBAN_DESIGN and TOBAN_BINDINGS name, migrate the state database, make the first account.

    `toban up` does this first, each time. Repeating it is harmless. Before an upgrade changes the state's
    tables, the state is copied to HOME/before-upgrades.

    \b
    Exit status:
      0  everything is ready
      2  it is not: the reason and a HINT stand on the error stream
    """
    speak_utf8()
    path = Path(os.environ.get("TOBAN_DESIGN", "運用設計書.md"))
    if not (_is_readable(path, parts) or _has_kept(path, parts)):
        raise SystemExit(_UNUSABLE)
    _bring_state_up_to_date(keeps_copy=not no_copy, begins_anew=new_state)


def _is_readable(path: Path, parts: Parts) -> bool:
    """Say what was read, and what is doubtful in the bindings, or why something can't be read."""
    beside = Path(os.environ.get("TOBAN_BINDINGS", "toban.toml"))
    try:
        design = load_design(path, declared_in(beside))
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        return False
    except UnreadableBindings as exc:
        say(exc, err=True)
        return False
    rows, unread = len(design.clauses), len(design.unread)
    say(Message("supervision.design-read", file=path.name, rows=rows, unread=unread))
    try:
        bindings = load_bindings(beside, parts.schema)
    except UnreadableBindings as exc:
        say(exc, err=True)
        return False
    for finding in parts.findings(design, bindings):
        say(finding, err=True)
    return True


def _has_kept(path: Path, parts: Parts) -> bool:
    """Say that the version that was in force before goes on, if there is one."""
    is_kept = parts.in_force(in_force_folder(settings.HOME), path).last_kept() is not None
    if is_kept:
        say(Message("supervision.previous-version-stays"), err=True)
    return is_kept


def keep_private() -> None:
    """Keep a database file from other users of the machine: it holds sessions and digests of passwords."""
    state = settings.DATABASES["default"]
    if "sqlite" in state["ENGINE"]:
        file = Path(state["NAME"])
        with suppress(OSError):  # what is wrong with the place is told by the database itself
            file.touch(mode=0o600)
            for each in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                if each.exists():
                    each.chmod(0o600)


def _bring_state_up_to_date(*, keeps_copy: bool, begins_anew: bool) -> None:
    keep_private()
    try:
        with upgrading.alone(partial(say, err=True)):
            if not begins_anew:
                tables.require_no_other(settings.HOME)
            _upgrade(keeps_copy=keeps_copy)
            password = first_administrator(system_clock())
    except NotPossible as exc:
        refuse(exc.said, exc.hint)
        raise SystemExit(_UNUSABLE) from exc
    except OperationalError as exc:
        refuse(
            Message("cli.state-unusable", why=message_of(exc)),
            Message("supervision.check-state-and-home"),
        )
        raise SystemExit(_UNUSABLE) from exc
    if password is not None:
        say(Message("supervision.first-administrator", name=NAME, password=password))


def _upgrade(*, keeps_copy: bool) -> None:
    """Bring the tables up to date: those of a newer Toban are refused, and older ones copied before."""
    made = tables.applied()
    tables.require_known(made)
    if made and keeps_copy and not frozenset(tables.known()) <= frozenset(made):
        copy = upgrading.keep_copy(settings.HOME, made, system_clock())
        say(Message("supervision.state-copied-before-upgrade", file=copy))
    tables.make()
    call_command("migrate", verbosity=0, interactive=False)
