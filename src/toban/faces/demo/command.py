"""`toban demo`: fill the demo's empty home with a month of example data. `toban up` runs it."""

import os
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click
import structlog
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from toban.engine.bindings.load import load_bindings
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.first import NAME, added_account, first_administrator
from toban.engine.people.models import OperatorRole
from toban.engine.registry.parts import Parts
from toban.engine.telemetry.store import Telemetry
from toban.faces.cli.supervision.prepare import keep_private
from toban.faces.cli.supervision.worker import keep_connections
from toban.faces.demo.acting import PlayedParts, StoryClock
from toban.faces.demo.month import Month
from toban.faces.demo.people import DEVELOPER
from toban.faces.demo.story import Story, months_start, story_of
from toban.faces.demo.unfinished import unfinished
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message

BY = "demo"
"""What the entries of the month say that they come from."""
_UNUSABLE = 2


@click.command("demo", epilog="Example: toban up --demo-month")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number, another month.")
@click.pass_obj
def command(parts: Parts, seed: int) -> None:
    """Live through the demo's last month in minutes; `toban up --demo-month` starts this.

    The engine's own worker judges and records a made-up month, from the first day of last month until now.
    Every entry of its evidence is marked as an example's. It needs an empty home.

    \b
    Exit status:
      0  the month is there
      2  it is not: the reason and a HINT stand on the error stream
    """
    speak_utf8()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        _live(parts, seed)
    except NotPossible as exc:
        refuse(exc.said, exc.hint)
        raise SystemExit(_UNUSABLE) from exc


def _live(parts: Parts, seed: int) -> None:
    keep_connections()
    _require_empty()
    with unfinished(settings.HOME):
        password = _lived(parts, seed)
    say(Message("demo.month-is-over", entries=LedgerEntry.objects.count()))
    if password is not None:
        say(Message("supervision.first-administrator", name=NAME, password=password))


def _lived(parts: Parts, seed: int) -> str | None:
    """Live through the month, and return the password of the first administrator."""
    story = _story(parts, seed)
    clock = StoryClock(story.start, story.end)
    played = PlayedParts(parts.modules, story=story, clock=clock)
    with closing(Telemetry(os.environ["TOBAN_TELEMETRY_URL"])) as telemetry, ledger.made_up(BY):
        telemetry.ensure_schema()
        with closing(Month(played, telemetry)) as month:
            month.begin()
            password = first_administrator(clock())
            added_account(DEVELOPER, OperatorRole.DEVELOPER, clock())
            began, whole = time.monotonic(), max((story.end - story.start) // timedelta(days=1), 1)
            for number, day in enumerate(month.days(), start=1):
                left = (time.monotonic() - began) / number * max(whole - number, 0)
                say(Message("demo.day-is-over", day=day, seconds=round(left)))
    return password


def _story(parts: Parts, seed: int) -> Story:
    now = system_clock()
    system = load_bindings(Path(os.environ["TOBAN_BINDINGS"]), parts.schema).system
    return story_of(months_start(now, system.zone), now, seed, system.business.is_business_day)


def _require_empty() -> None:
    """Raise `NotPossible` where a made-up month would stand beside real evidence."""
    if connection.vendor != "sqlite":
        raise NotPossible(Message("demo.not-on-postgresql"), Message("demo.leave-out-state-url"))
    keep_private()
    call_command("migrate", verbosity=0, interactive=False)
    if LedgerEntry.objects.exists():
        raise NotPossible(
            Message("demo.home-has-evidence", home=settings.HOME), Message("demo.name-empty-home")
        )
