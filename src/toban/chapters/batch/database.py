"""A query to the user's own database: read-only, with limits on time and rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.network.postgresql import words_of
from toban.engine.runs.work import StepFailed
from toban.engine.trial import Doubt
from toban.message import Message, message_of

type Rows = Sequence[Mapping[str, object]]

_CONNECTING = 10
"""Seconds."""


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """One SELECT, and its limits.

    Parameters are written `%(name)s`, so a literal percent sign is written `%%`. Days and times in it are
    those of *zone*.
    """

    dsn: Secret
    sql: str
    zone: ZoneInfo
    timeout: timedelta
    most: int
    """The most rows that it may return."""

    def ask(self, parameters: Mapping[str, object]) -> Rows:
        """Return the rows, all as of one moment, or raise `StepFailed`."""
        try:
            # A server-side cursor accepts one SELECT and nothing else, and need not send every row.
            with (
                self._connected() as connection,
                connection.cursor("toban", row_factory=dict_row) as cursor,
            ):
                cursor.execute(self.sql, parameters)
                rows = cursor.fetchmany(self.most + 1)
        except (psycopg.Error, SecretUnavailable) as error:
            raise StepFailed(self._said(error)) from error
        if len(rows) > self.most:
            raise StepFailed(Message("batch.query-gives-too-many-rows", count=self.most))
        return rows

    def columns(self) -> Sequence[str]:
        """Return the names of the columns that an answer would have, or raise `StepFailed`.

        It is run for today, with no rows: the server plans it but does not execute it.
        """
        today = datetime.now(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        parameters = {"start": today, "end": today + timedelta(days=1), "day": today.date()}
        sql = f"SELECT * FROM (\n{self.sql.rstrip().rstrip(';')}\n) AS asked LIMIT 0"  # noqa: S608 - the operator's
        try:
            with self._connected() as connection:
                description = connection.execute(sql, parameters).description
        except (psycopg.Error, SecretUnavailable) as error:
            raise StepFailed(self._said(error)) from error
        return [column.name for column in description or ()]

    def doubts(self) -> Iterator[Doubt]:
        """Yield why the query can't be run now."""
        try:
            self.columns()
        except StepFailed as error:
            yield (message_of(error), Message("batch.check-query-and-rights"))

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        """Yield a connection that may only read, within the time limit and in the document's time zone."""
        with psycopg.connect(
            self.dsn.reveal(), application_name="toban", connect_timeout=_CONNECTING
        ) as connection:
            connection.read_only = True
            connection.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('TimeZone', %s, true)",
                [str(self.timeout // timedelta(milliseconds=1)), self.zone.key],
            )
            yield connection

    def _said(self, error: psycopg.Error | SecretUnavailable) -> Message:
        return Message("batch.database-unreadable", reason=self._reason(error))

    def _reason(self, error: psycopg.Error | SecretUnavailable) -> Message:
        """Return the error in one line, without the connection string or its secrets."""
        if isinstance(error, psycopg.errors.QueryCanceled):
            return Message("batch.query-timed-out", seconds=f"{self.timeout.total_seconds():g}")
        return words_of(error, self.dsn)
