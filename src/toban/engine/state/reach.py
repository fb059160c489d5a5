"""Whether this process reaches the state database: said once when that changes, not at each attempt."""

import logging
import sqlite3
import threading
from http import HTTPStatus

import structlog
from django.db import InterfaceError, OperationalError

AGAIN = 5
"""Seconds after which whoever was turned away may ask again."""

_OF_THE_SERVER = ("08", "28", "3D", "53300", "57P")
"""Classes of PostgreSQL's codes about the connection or the server, not about a query:
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

log = structlog.get_logger(__name__)


def is_away(error: BaseException | None) -> bool:
    """Return whether *error* means that the state database can't be used now, whatever it was asked."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    if getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False
    # Without a code the server said nothing: there was no connection, or it broke.
    code: str | None = getattr(error.__cause__, "sqlstate", None)
    return code is None or code.startswith(_OF_THE_SERVER)


class Reach:
    """What the threads of one process know about the state database together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_lost = False

    @property
    def is_lost(self) -> bool:
        """Whether the last attempt failed."""
        return self._is_lost

    def explains(self, error: BaseException) -> bool:
        """Return whether *error* only means that the database is away; that is said, unless it has been."""
        if not is_away(error):
            return False
        with self._lock:
            is_news, self._is_lost = not self._is_lost, True
        if is_news:
            # The reason names hosts and accounts, never the password: it belongs in the log alone.
            log.error("state_unreachable", reason=str(error).strip())
        return True

    def find(self) -> None:
        """Say that the database has answered again, unless that has been said."""
        with self._lock:
            is_news, self._is_lost = self._is_lost, False
        if is_news:
            log.info("state_reachable")


STATE = Reach()
"""That of this process."""


def is_news(record: logging.LogRecord) -> bool:
    """Return whether an entry of Django's log says more than that the database is away."""
    error = record.exc_info[1] if record.exc_info else None
    is_turned_away = getattr(record, "status_code", None) == HTTPStatus.SERVICE_UNAVAILABLE
    return not (is_away(error) or (is_turned_away and STATE.is_lost))
