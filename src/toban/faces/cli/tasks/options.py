"""What the commands about tasks have in common."""

from collections.abc import Callable

import click

from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message

_REFUSED = 1
AS = click.option("--as", "account", metavar="ACCOUNT", required=True, help="Your account in Toban.")
NUMBER = click.argument("number", type=click.IntRange(1), metavar="TASK")


def do(parts: Parts, act: Callable[[Edition], Message | str]) -> None:
    """Say what *act* returns, or why it is not possible."""
    speak_utf8()
    with usable_state():
        try:
            say(act(edition_of(parts)))
        except NotPossible as exc:
            refuse(exc.said, exc.hint)
            raise SystemExit(_REFUSED) from exc
