"""The state database, for commands that read it or give orders while Toban runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from toban.catalogue import language_of_locale
from toban.faces.terminal import refuse
from toban.message import Message, message_of

_UNUSABLE = 2


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
    """End the command with status 2 if the state database can't be used inside."""
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        yield
    except DatabaseError as exc:
        refuse(Message("cli.state-unusable", why=message_of(exc)), Message("cli.check-home-or-state-url"))
        raise SystemExit(_UNUSABLE) from exc
