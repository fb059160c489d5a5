"""Redis' own statistics, read by a user that can do nothing else.

The user needs `INFO` and no keys:

    ACL SETUSER toban on >… resetkeys -@all +info

Statistics: https://redis.io/docs/latest/commands/info/
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from ssl import SSLError
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.redis.config import RedisConfig
from toban.design.values.metric import Metric
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.network.tls import tls_words
from toban.message import NOTHING, Message, message_of, plain

type Info = Mapping[str, Any]


class RedisSource:
    """One Redis server. The connection is kept open, so that a full server can still be measured."""

    def __init__(self, config: RedisConfig) -> None:
        self._config = config
        self._client: redis.Redis | None = None

    @property
    def instance(self) -> str:
        return self._config.instance or str(self._config.address)

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Query the statistics; `Unmeasurable` carries `UP` 0 if the server serves nobody.

        A server that only refuses Toban's login may be healthy: then `UP` is left out.
        """
        try:
            info = self._info()
        except (redis.RedisError, OSError, ValueError, SecretUnavailable) as error:
            self.close()
            why = _words(error, self._config.timeout)
            raise Unmeasurable(self._placed(why), self._despite(error, now)) from error
        found = [self._measured(Metric.UP, now, 1.0)]
        try:
            found += self._statistics(info, now)
        except KeyError as error:
            lacking = Message("monitoring.redis-info-lacks", field=error.args[0])
            raise Unmeasurable(self._placed(lacking), found) from error
        return found

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _info(self) -> Info:
        if self._client is None:
            config = self._config
            self._client = redis.Redis(
                host=config.address.host,
                port=config.address.port,
                username=config.username or None,
                password=config.password.reveal() if config.password else None,
                ssl=config.tls,
                ssl_ca_certs=str(config.ca_file) if config.ca_file else None,
                socket_connect_timeout=config.timeout,
                socket_timeout=config.timeout,
                # The next measurement is the retry: a source answers within its timeout.
                retry=Retry(NoBackoff(), 0),
                # The newer protocol begins with commands that the user need not be allowed.
                protocol=2,
                driver_info=None,
                decode_responses=True,
            )
        info: Info = self._client.info()
        return info

    def _statistics(self, info: Info, now: datetime) -> list[Measurement]:
        """Return what *info* says; raise `KeyError` with a field that every Redis has and this lacks.

        Toban's own connection is among the clients: it takes one of maxclients like any other.
        """
        found = [self._measured(Metric.CONNECTIONS, now, float(info["connected_clients"]))]
        limit = float(info.get("maxmemory", 0))
        if limit > 0:
            usage = 100 * float(info["used_memory"]) / limit
            found.append(self._measured(Metric.MEMORY_USAGE, now, usage))
        lag, note = _replica_lag(info) if info["role"] == "slave" else _slowest_replica(info)
        if lag is not None:
            found.append(self._measured(Metric.REPLICATION_LAG, now, lag, note))
        return found

    def _despite(self, error: Exception, now: datetime) -> list[Measurement]:
        """Return what *error* implies for `UP`."""
        if isinstance(error, redis.AuthenticationError | SecretUnavailable):
            return []
        if isinstance(error, redis.exceptions.NoPermissionError):
            return [self._measured(Metric.UP, now, 1.0)]
        return [self._measured(Metric.UP, now, 0.0, _words(error, self._config.timeout))]

    def _measured(self, metric: Metric, now: datetime, value: float, note: Message = NOTHING) -> Measurement:
        return Measurement(metric, self.instance, now, value, note)

    def _placed(self, why: Message) -> Message:
        return Message("monitoring.at-place", place=self.instance, said=why)


def _replica_lag(info: Info) -> tuple[float | None, Message]:
    """Return the seconds that this replica may be behind at most.

    Over a quiet link the primary sends only every `repl-ping-replica-period` (10 s). A replica that has never
    received anything reports -1, and then the lag is unknown.
    """
    if info["master_link_status"] == "up":
        seconds, note = float(info["master_last_io_seconds_ago"]), NOTHING
    else:
        seconds = float(info["master_link_down_since_seconds"])
        note = Message("monitoring.replica-disconnected")
    return (seconds, note) if seconds >= 0 else (None, NOTHING)


def _slowest_replica(info: Info) -> tuple[float | None, Message]:
    """Return the seconds since the slowest replica last confirmed; each should do so every second."""
    replicas = [info[f"slave{number}"] for number in range(int(info["connected_slaves"]))]
    if not replicas:
        return None, NOTHING
    slowest = max(replicas, key=lambda replica: float(replica["lag"]))
    return float(slowest["lag"]), plain(f"{slowest['ip']}:{slowest['port']}")


def _words(error: Exception, timeout: float) -> Message:
    """Return what went wrong, without repeating the login or anything the server sent."""
    cause = error.__cause__ or error.__context__
    match error:
        case SecretUnavailable():
            return message_of(error)
        case redis.AuthenticationError():
            return Message("monitoring.redis-login-refused")
        case redis.exceptions.NoPermissionError():
            return Message("monitoring.redis-info-not-permitted")
        case redis.BusyLoadingError():
            return Message("monitoring.redis-loading")
        case redis.TimeoutError():
            return Message("network.no-answer-in-time", seconds=timeout)
    if isinstance(cause, SSLError):
        return tls_words(cause)
    if isinstance(cause, OSError) and cause.strerror:
        return Message("network.cannot-connect", reason=cause.strerror)
    if isinstance(error, redis.ConnectionError | UnicodeError):
        return Message("monitoring.not-connected")
    return Message("monitoring.not-a-redis-answer", error=type(error).__name__)
