"""The state database, for commands that read it or give orders while Toban runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from toban.faces.terminal import refuse

_UNUSABLE = 2


def set_up() -> None:
    """Set up Django; needed before importing a module that imports models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    # Not imported at the top: `toban check` works without Django.
    import django  # noqa: PLC0415

    django.setup()


@contextmanager
def usable_state() -> Iterator[None]:
    """End the command with status 2 if the state database can't be used inside."""
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        yield
    except DatabaseError as exc:
        refuse(f"状態データベースを使えません: {exc}", "TOBAN_HOME か TOBAN_STATE_URL を確かめてください")
        raise SystemExit(_UNUSABLE) from exc
