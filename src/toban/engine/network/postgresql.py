"""A connection that may only read a PostgreSQL server, and what its errors mean."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.message import Message, message_of, plain

_SHORTEST_CONNECT_TIMEOUT = 2
"""Seconds; libpq raises a shorter timeout to this."""


def connected(dsn: Secret, timeout: float) -> psycopg.Connection:
    """Return a connection that commits each statement; *timeout* is in seconds, for each step.

    Raises `SecretUnavailable` and psycopg's errors; `words_of` puts either in words.
    """
    milliseconds = int(timeout * 1000)
    connection = psycopg.connect(
        dsn.reveal(),
        autocommit=True,
        application_name="toban",
        connect_timeout=max(_SHORTEST_CONNECT_TIMEOUT, int(timeout)),
        # The server's timeout does not help if the network in between is gone.
        tcp_user_timeout=milliseconds,
    )
    connection.execute(
        "SELECT set_config('statement_timeout', %s, false),"
        "       set_config('default_transaction_read_only', 'on', false)",
        [str(milliseconds)],
    )
    return connection


def words_of(error: psycopg.Error | SecretUnavailable, dsn: Secret) -> Message:
    """Return the first line of *error*, without the connection string or any secret part of it."""
    if isinstance(error, SecretUnavailable):
        return message_of(error)
    try:
        password = str(conninfo_to_dict(dsn.reveal()).get("password") or "")
    except psycopg.ProgrammingError:
        return Message("network.connection-string-not-readable")
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return plain(text.replace(password, "…") if password else text)


def place_of(dsn: Secret) -> str:
    """Return host, port and database of *dsn* for operators, without anything secret."""
    try:
        parts = conninfo_to_dict(dsn.reveal())
    except (SecretUnavailable, psycopg.ProgrammingError):
        return "PostgreSQL"
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    return f"{host}:{parts.get('port') or 5432}/{parts.get('dbname') or parts.get('user') or ''}"
