"""PostgreSQL's own statistics, read by a role that can do nothing else.

The role needs `LOGIN` and membership of `pg_monitor`, no more:

    CREATE ROLE toban LOGIN PASSWORD '…' IN ROLE pg_monitor;

Statistics: https://www.postgresql.org/docs/18/monitoring-stats.html
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.postgresql.config import PostgresqlConfig
from toban.design.values.metric import Metric
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.network.postgresql import connected, place_of, words_of
from toban.message import Message

# Toban's own connection is among the client backends: it takes one of max_connections like any other. A
# standby that has replayed everything it received is not behind, however long ago the last transaction was.
_STATISTICS = """
    SELECT count(*) FILTER (WHERE backend_type = 'client backend'),
           bool_or(backend_type IS NULL),
           CASE WHEN NOT pg_is_in_recovery()
                THEN (SELECT coalesce(max(extract(epoch FROM replay_lag)), 0)
                      FROM pg_stat_replication HAVING count(*) > 0)
                WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END
      FROM pg_stat_activity
"""


class PostgresqlSource:
    """One database server. The connection is kept open, so that a full server can still be measured."""

    def __init__(self, config: PostgresqlConfig) -> None:
        self._config = config
        self._connection: psycopg.Connection | None = None
        self._instance = config.instance or place_of(config.dsn)

    @property
    def instance(self) -> str:
        return self._instance

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Query the statistics; `Unmeasurable` carries `UP` 0 if the server did not answer."""
        try:
            connections, is_veiled, lag = self._statistics()
        except (psycopg.Error, SecretUnavailable) as error:
            self.close()
            why = words_of(error, self._config.dsn)
            down = Measurement(Metric.UP, self.instance, now, 0.0, note=why)
            raise Unmeasurable(self._placed(why), [down]) from error
        up = Measurement(Metric.UP, self.instance, now, 1.0)
        if is_veiled:
            raise Unmeasurable(self._placed(Message("monitoring.postgresql-role-lacks-pg-monitor")), [up])
        found = [up, Measurement(Metric.CONNECTIONS, self.instance, now, float(connections))]
        if lag is not None:
            found.append(Measurement(Metric.REPLICATION_LAG, self.instance, now, float(lag)))
        return found

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _placed(self, why: Message) -> Message:
        return Message("monitoring.at-place", place=self.instance, said=why)

    def _statistics(self) -> tuple[int, bool, float | None]:
        row = self._connected().execute(_STATISTICS).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives one row
        return row[0], row[1], row[2]

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = connected(self._config.dsn, self._config.timeout)
        return self._connection
