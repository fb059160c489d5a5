"""`toban state`: the state database as a whole."""

import click
from django.conf import settings

from toban.engine.state import moving
from toban.engine.supervision.home import HomeUnusable, take
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_NOT_POSSIBLE = 1


@click.group("state")
def command() -> None:
    """Work with the state database as a whole."""
    speak_utf8()


@command.command(
    "move",
    short_help="Copy the state from SQLite to an empty PostgreSQL.",
    epilog="Example: toban state move postgresql://toban@db.example.com/toban",
)
@click.argument("url")
def move(url: str) -> None:
    """Copy the whole state from SQLite to the empty PostgreSQL at URL, and compare every value.

    Toban must be stopped. The present state stays as it is; the next start uses the new one by
    TOBAN_STATE_URL. Keep the password out of the command: ~/.pgpass is read.

    \b
    Exit status:
      0  moved: every row is there, and the evidence is intact
      1  not possible as things stand; the present state stays in use
      2  the state database can't be used
    """
    try:
        home = take(settings.HOME)
    except HomeUnusable as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_NOT_POSSIBLE) from exc
    with usable_state():
        moved = moving.move(url)
    say(Message("supervision.state-moved", rows=moved.rows, evidence=str(moved.evidence)))
    say(Message("supervision.start-with-moved-state", home=home.path))
