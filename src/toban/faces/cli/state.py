"""The state database for commands that look into it or give orders, beside a Toban that runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from toban.faces.terminal import refuse

_UNUSABLE = 2


def set_up() -> None:
    """Make Django ready, for commands that can do without the database itself."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    # Django wants its settings before anything of it is loaded.
    import django  # noqa: PLC0415

    django.setup()


@contextmanager
def opened_state() -> Iterator[None]:
    """Make Django ready; what is wrong with the database inside ends the command with status 2."""
    set_up()
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        yield
    except DatabaseError as exc:
        refuse(f"状態データベースを使えません: {exc}", "TOBAN_HOME か TOBAN_STATE_URL を確かめてください")
        raise SystemExit(_UNUSABLE) from exc
