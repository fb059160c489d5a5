"""The telemetry store for the rest of Toban, through clickhouse-connect: it takes samples and returns series.

The same code talks to Toban's own chDB child and to a ClickHouse server: only the URL differs.
"""

import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from clickhouse_connect.driver.httputil import get_pool_manager
from urllib3.exceptions import HTTPError

from toban.design.values.metric import Metric
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.child.refusal import NEVER_STORED, REPEATED
from toban.engine.telemetry.output import OutputLine
from toban.engine.telemetry.samples import Point, Sample
from toban.engine.telemetry.tables import (
    ADDED,
    AS_SENT,
    BATCHED,
    INSERT_COLUMNS,
    OUTPUT_COLUMNS,
    SCHEMA,
    SEAT,
)
from toban.engine.telemetry.tokens import InsertToken
from toban.engine.telemetry.window import BucketWindow, window

# It logs each failed request with its traceback; here the failures are raised, and the callers report them.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)

_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
_TIMEOUT_SECONDS = 60
_CONNECTIONS = 32
"""Number of connections kept, for threads that query or write at once; further ones are used only once."""
_CHUNK = 50_000
"""Number of samples in one insert; about 3 MB."""
_PIECE = 1 << 20
# The child's own defaults; a ClickHouse server may have others.
_SETTINGS = {
    "async_insert": 0,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    **AS_SENT,
}


_SEEN = re.compile(rf"{InsertToken.SEEN}([0-9a-f]+:\d+)")


class StoreUnavailable(Exception):
    """The store did not answer, or reported an error; a later retry may work."""


class InsertRepeated(StoreUnavailable):
    """The batch of the insert has come before; the caller must look up what was stored of it."""

    def __init__(self, told: str) -> None:
        super().__init__(f"the telemetry store knows it: {told}")
        found = _SEEN.search(told)
        self.seen = found[1] if found else ""
        """The value to send when inserting the missing rows: how much had come before the writer looked."""


class StoreRefused(Exception):
    """The store will never accept these samples, however often they are sent."""


class Telemetry:
    """A store at *url*; any thread may use it, and each gets its own connection.

    The URL is `http://USER:SECRET@HOST:PORT/DATABASE`, or `https://…` for a server with TLS; DATABASE is
    `toban` if left out. The constructor does not connect.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the telemetry URL must read http(s)://USER:SECRET@HOST:PORT/DATABASE")
        self._database = parts.path.strip("/") or "toban"
        if not self._database.isidentifier():
            raise ValueError(f"the telemetry database {self._database!r} is not a plain name")
        is_local = parts.hostname in _LOOPBACK
        self._address: Mapping[str, Any] = {
            "interface": parts.scheme,
            "host": parts.hostname,
            "port": parts.port or (8443 if parts.scheme == "https" else 8123),
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            # On loopback, compression only costs time.
            "compress": not is_local,
            # A pool of our own: the library's default one would send loopback through HTTP_PROXY.
            "pool_mgr": get_pool_manager(maxsize=_CONNECTIONS) if is_local else None,
        }
        self._local = threading.local()
        self._has_schema = False
        self._is_own: bool | None = None

    def ensure_schema(self) -> None:
        """Create the database and its tables if they are missing, or raise `StoreUnavailable`.

        After it has succeeded once, it costs nothing, until a write finds them gone.
        """
        if self._has_schema:
            return
        with _failures():
            self._connected(database=None).command(f"CREATE DATABASE IF NOT EXISTS {self._database}")
            for statement in SCHEMA:
                self._client().command(statement)
            for table, column, statement in ADDED:
                if column not in self._columns_of(table):
                    self._client().command(statement)
        self._has_schema = True

    def _columns_of(self, table: str) -> set[str]:
        return {row[0] for row in self._client().query(f"DESCRIBE TABLE {table}").result_rows}

    def write(self, samples: Sequence[Sample], *, token: str) -> None:
        """Store *samples* durably; when this returns, they survive a power cut.

        Raises `StoreUnavailable` if that is not certain: sending the very same samples with the same *token*
        again stores none of them twice. (Only a batch that was in progress during a power cut may then be
        stored twice: the engine does not sync its log of tokens.) After sending again, call `missing`: a
        store that was killed between recording the token and committing the rows takes the second attempt
        for a repetition. Raises `StoreRefused` if sending again can't help.
        """
        for number, first in enumerate(range(0, len(samples), _CHUNK)):
            rows = row_binary.encode(samples[first : first + _CHUNK])
            self.insert("samples", INSERT_COLUMNS, rows, form="RowBinary", token=f"{token}/{number}")

    def missing(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return those of *samples* that are not in the store, or raise `StoreUnavailable`.

        A sample is identified by its metric, target, instance and millisecond.
        """
        if not samples:
            return []
        moments = [row_binary.milliseconds(sample.at) for sample in samples]
        rows = self.ask(
            f"""SELECT DISTINCT metric, target, instance, toUnixTimestamp64Milli(at) FROM samples
            WHERE metric IN {{metrics:Array(String)}} AND target IN {{targets:Array(String)}}
            AND {_WITHIN}""",  # noqa: S608 - all of it stands here
            {
                "metrics": sorted({sample.metric.value for sample in samples}),
                "targets": sorted({sample.target for sample in samples}),
                "start": min(moments),
                "end": max(moments) + 1,
            },
        )
        held = {tuple(row) for row in rows}
        return [
            sample
            for sample, at in zip(samples, moments, strict=True)
            if (sample.metric.value, sample.target, sample.instance, at) not in held
        ]

    def series(
        self,
        metric: Metric,
        target: str,
        instance: str | None,
        start: datetime,
        end: datetime,
        points: int,
    ) -> list[Point]:
        """Return at most *points* points of one target from *start* (included) to *end* (excluded).

        Without *instance*, a point covers all the target's instances. Buckets without a sample are left out.
        """
        cut = window(start, end, points)
        of_instance = "" if instance is None else "AND instance = {instance:String}"
        rows = self.ask(
            f"""{_points(cut)} WHERE metric = {{metric:String}} AND target = {{target:String}} {of_instance}
            AND {_WITHIN} GROUP BY bucket ORDER BY bucket""",
            {**_bound(cut), "metric": metric.value, "target": target, "instance": instance or ""},
        )
        return [_point(cut, *row) for row in rows]

    def sparklines(
        self, keys: Sequence[tuple[str, Metric]], start: datetime, end: datetime, points: int
    ) -> dict[tuple[str, Metric], list[Point]]:
        """Return the series of every (target, metric) in *keys* with one query; each key has an entry."""
        cut = window(start, end, points)
        found: dict[tuple[str, Metric], list[Point]] = {key: [] for key in keys}
        if not found:
            return found
        rows = self.ask(
            f"""{_points(cut, "target, metric,")}
            WHERE (target, metric) IN {{keys:Array(Tuple(String, String))}} AND {_WITHIN}
            GROUP BY target, metric, bucket ORDER BY target, metric, bucket""",
            {**_bound(cut), "keys": [(target, metric.value) for target, metric in found]},
        )
        for target, metric, *row in rows:
            found[target, Metric(metric)].append(_point(cut, *row))
        return found

    def latest(self, target: str, metric: Metric) -> list[Sample]:
        """Return the newest sample of each of the target's instances."""
        rows = self.ask(
            """SELECT instance, toUnixTimestamp64Milli(max(at)), argMax(value, at) FROM samples
            WHERE metric = {metric:String} AND target = {target:String}
            GROUP BY instance ORDER BY instance""",
            {"metric": metric.value, "target": target},
        )
        return [Sample(metric, target, name, row_binary.moment(at), value) for name, at, value in rows]

    def write_output(self, lines: Sequence[OutputLine], *, token: str) -> None:
        """Store the output of runs, as `write` stores samples: durably, and only once per *token*."""
        rows = "\n".join(json.dumps(line.as_row(), ensure_ascii=False) for line in lines)
        block = rows.encode("utf-8", "replace")
        self.insert("run_output", OUTPUT_COLUMNS, block, form="JSONEachRow", token=token)

    def output(self, run: int, *, after: tuple[int, int] = (0, 0), limit: int) -> list[OutputLine]:
        """Return up to *limit* lines of *run* after the fence and number *after*, in order."""
        rows = self.ask(
            """SELECT run, fence, number, toUnixTimestamp64Milli(at), step, text FROM run_output
            WHERE run = {run:UInt64} AND (fence, number) > ({fence:UInt64}, {number:UInt32})
            ORDER BY fence, number LIMIT 1 BY fence, number LIMIT {limit:UInt32}""",
            {"run": run, "fence": after[0], "number": after[1], "limit": limit},
        )
        return [
            OutputLine(of, fence, number, row_binary.moment(at), *said)
            for of, fence, number, at, *said in rows
        ]

    def close(self) -> None:
        """Close the idle connections."""
        pool = self._address["pool_mgr"]
        if pool is not None:
            pool.clear()

    def insert(self, table: str, columns: Sequence[str], rows: bytes, *, form: str, token: str) -> None:
        """Store *rows*, which are in the engine's format *form*; durably, and only once per *token*.

        Raises the same errors as `write`, with the same doubt about a second attempt. For a table in
        `BATCHED`, Toban's own store raises `InsertRepeated` instead.
        """
        try:
            with _failures():
                self._client().raw_insert(
                    table,
                    column_names=columns,
                    insert_block=rows,
                    fmt=form,
                    settings={"insert_deduplication_token": token},
                )
        except InsertRepeated:
            raise
        except StoreUnavailable:
            # The store may have been restarted on an empty directory.
            self._has_schema = False
            raise

    def ask(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Return the rows for *sql*, which is Toban's own text; user input is in *parameters*.

        Raises `StoreUnavailable` or `StoreRefused`.
        """
        with _failures():
            rows: Sequence[Sequence[Any]] = self._client().query(sql, parameters=dict(parameters)).result_rows
            return rows

    def pieces(self, sql: str, parameters: Mapping[str, Any], *, form: str) -> Iterator[bytes]:
        """Yield the answer to *sql* in the engine's format *form*, as it comes; raises as `ask` does."""
        with _failures():
            # A client without its own threads returns the response as a file.
            answer: Any = self._client().raw_stream(sql, parameters=dict(parameters), fmt=form)
            try:
                while piece := answer.read(_PIECE):
                    yield piece
            finally:
                answer.close()

    def decides_repetitions(self, table: str) -> bool:
        """Return whether the store itself detects repetitions in *table*: Toban's own does, for `BATCHED`.

        Raises as `ask` does.
        """
        if self._is_own is None:
            self._is_own = str(self.ask("SELECT getSetting('log_comment')", {})[0][0]).startswith(SEAT)
        return self._is_own and table in BATCHED

    def do(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Run one of Toban's own statements that return nothing; raises as `ask` does."""
        with _failures():
            self._client().command(sql, parameters=dict(parameters))

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = self._connected(database=self._database)
        return client

    def _connected(self, *, database: str | None) -> Client:
        return clickhouse_connect.get_client(
            **self._address,
            database=database,
            send_receive_timeout=_TIMEOUT_SECONDS,
            settings=_SETTINGS,
            # The server runs one query of a session at a time, and Toban keeps no state in a session.
            autogenerate_session_id=False,
            autogenerate_query_id=False,
            # Errors go into logs and pages: they keep the engine's message but not the address.
            show_clickhouse_errors="scrub",
        )


_WITHIN = "at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})"


def _points(cut: BucketWindow, columns: str = "") -> str:
    """Return the SELECT … FROM for the buckets; the names in it are this module's own."""
    if cut.from_rollup:
        figures, table = "sum(total) / sum(count), min(low), max(high)", "samples_5m"
        at = "toInt64(toUnixTimestamp(at)) * 1000"
    else:
        figures, table = "avg(value), min(value), max(value)", "samples"
        at = "toUnixTimestamp64Milli(at)"
    bucket = f"intDiv({at} - {{start:Int64}}, {{step:Int64}}) AS bucket"
    return f"SELECT {columns} {bucket}, {figures} FROM {table}"  # noqa: S608 - all of it stands above


def _bound(cut: BucketWindow) -> dict[str, int]:
    return {"start": cut.start, "end": cut.end, "step": cut.step}


def _point(cut: BucketWindow, bucket: int, mean: float, low: float, high: float) -> Point:
    return Point(row_binary.moment(cut.start + bucket * cut.step), mean, low, high)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn the client's errors into this module's own."""
    try:
        yield
    except DatabaseError as exc:
        if exc.code == REPEATED:
            raise InsertRepeated(str(exc)) from exc
        if exc.code in NEVER_STORED:
            raise StoreRefused(f"the telemetry store refuses the samples: {exc}") from exc
        raise StoreUnavailable(f"the telemetry store did not do it: {exc}") from exc
    except (ClickHouseError, HTTPError, OSError) as exc:
        raise StoreUnavailable(f"the telemetry store does not answer: {exc}") from exc
