"""The state database, for commands that read it or give orders while Toban runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from toban.catalogue import language_of_locale
from toban.faces.terminal import refuse
from toban.message import Message, message_of

_NOT_POSSIBLE, _UNUSABLE = 1, 2
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
"""For commands that print text, or JSON for programs."""


def set_up() -> None:
    """Set up Django; needed before importing a module that imports models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    # Not imported at the top: `toban check` works without Django.
    import django  # noqa: PLC0415
    from django.utils import translation  # noqa: PLC0415

    django.setup()
    translation.activate(language_of_locale())


@contextmanager
def usable_state() -> Iterator[None]:
    """End the command with status 1 if an order inside is not possible, 2 if the state can't be used."""
    from django.db import DatabaseError  # noqa: PLC0415

    from toban.engine.orders import NotPossible  # noqa: PLC0415

    try:
        yield
    except NotPossible as exc:
        refuse(exc.said, exc.hint)
        raise SystemExit(_NOT_POSSIBLE) from exc
    except DatabaseError as exc:
        refuse(Message("cli.state-unusable", why=message_of(exc)), Message("cli.check-home-or-state-url"))
        raise SystemExit(_UNUSABLE) from exc
