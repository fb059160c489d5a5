"""`TOBAN_STATE_URL` as Django's settings of the state database."""

import re
from typing import Any
from urllib.parse import urlsplit

from toban.message import Message

_POSTGRESQL = ("postgresql", "postgres")
_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""Seconds, and at the end milliseconds: https://www.postgresql.org/docs/current/libpq-connect.html"""
_OF_SQLITE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-256"
"""A worker has a connection for each of some eighty threads: each keeps 256 KiB of pages, not 2 MB.
The operating system holds the file once for all."""
_UNKNOWN = re.compile(r'invalid URI query parameter: "(\w+)"')


class BadStateUrl(Exception):
    """The address names no state database that Toban can use; the message never holds its password."""


def database(url: str) -> dict[str, Any]:
    """Return the settings for *url*, or raise `BadStateUrl`.

    `sqlite:///PATH` names the file /PATH. Of PostgreSQL, every form and parameter of
    libpq's URIs is understood (https://www.postgresql.org/docs/current/libpq-connect.html): none is dropped.
    """
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        parts = urlsplit(url)
        if parts.query or parts.netloc:
            raise BadStateUrl(Message("stores.state-url-of-sqlite-has-parameters"))
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path.removeprefix("/") if parts.path.startswith("//") else parts.path,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": _OF_SQLITE,
            },
        }
    if scheme in _POSTGRESQL:
        found = _libpq(url)
        named = {name: str(found.pop(key, "")) for key, name in _NAMES.items()}
        return {"ENGINE": "django.db.backends.postgresql", **named, "OPTIONS": found}
    raise BadStateUrl(Message("stores.state-url-of-unknown-database", scheme=scheme[:40]))


def impatient(state: dict[str, Any]) -> dict[str, Any]:
    """Return *state* with limits to waiting for a server that is gone, where its address sets none.

    libpq would wait for minutes, or for ever, for a machine that does not answer at all.
    """
    if "postgresql" not in state["ENGINE"]:
        return state
    return {**state, "OPTIONS": {**_PATIENCE, **state["OPTIONS"]}}


def _libpq(url: str) -> dict[str, Any]:
    # Only where PostgreSQL is used: it takes a while to load.
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        return dict(conninfo_to_dict(url))
    except ProgrammingError as error:
        unknown = _UNKNOWN.search(str(error))
        if unknown is not None:
            raise BadStateUrl(Message("stores.state-url-parameter-unknown", name=unknown[1])) from None
        raise BadStateUrl(Message("stores.state-url-unreadable")) from None
