"""chDB with one connection per thread: a shared connection mixes up answers under load."""

import os
import shutil
import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

import chdb
import structlog

from toban.engine.telemetry.child import streams
from toban.engine.telemetry.child.engine_settings import DATABASE, EngineLimits
from toban.engine.telemetry.child.groups import MOST_KNOWN, Groups
from toban.engine.telemetry.child.refusal import (
    BAD_REQUEST,
    NOT_ENOUGH_SPACE,
    RequestRefusal,
    from_engine,
)
from toban.engine.telemetry.child.statement import Insert, Query, permitted
from toban.engine.telemetry.tables import BATCHED, SEAT
from toban.engine.telemetry.tokens import InsertToken

log = structlog.get_logger(__name__)

_UNKNOWN_TABLE = 60
_TOKEN = "insert_deduplication_token"  # noqa: S105 - a setting's name
_LOOKS = 20
"""How often to ask the store at its start for its batches, while merges change its parts."""

_SETTABLE = frozenset(
    (
        "cancel_http_readonly_queries_on_client_close", "cast_string_to_dynamic_use_inference",
        "date_time_input_format", "deduplicate_blocks_in_dependent_materialized_views", "deduplicate_insert",
        "input_format_try_infer_dates", "input_format_try_infer_datetimes", "insert_deduplication_token",
        "max_execution_time", "max_threads", "type_json_skip_duplicated_paths",
    )
)  # fmt: skip
"""What Toban and its client set. Others could outlive their request: after `readonly` no SET works."""
_PARTS = f"system.parts WHERE active AND database = '{DATABASE}' AND table = '{{table}}'"
# Parts that were not modified for a day are not read. `least(now(), …)`: a clock may once have been ahead.
_LATEST_BATCHES = f"""SELECT batch FROM {DATABASE}.{{table}}
WHERE _part IN (SELECT name FROM {_PARTS} AND modification_time >
    (SELECT max(modification_time) FROM {_PARTS}) - INTERVAL 1 DAY)
AND received_at > least(now(), (SELECT max(received_at) FROM {DATABASE}.{{table}})) - INTERVAL 1 DAY
GROUP BY batch ORDER BY max(received_at) DESC LIMIT {MOST_KNOWN}"""  # noqa: S608 - own words
_JOINED = {"ArrowStream": streams.join, "Native": streams.concatenate}
"""How inserts are written together, by their format."""

_WHOLE = frozenset(("Parquet",))
"""Formats with their metadata at the end: in chDB's stream, each block would be a separate file."""


class _Everything:
    """A container that contains everything."""

    def __contains__(self, _item: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What is known about an answer before its first byte."""

    format: str
    summary: Mapping[str, str]


class AnswerSink(Protocol):
    """Where an answer goes; it is also the work's identity for `StoreEngine.interrupt`."""

    def put(self, part: AnswerHead | bytes, /) -> None:
        """Accept the answer's head, then its bytes; raise to stop."""


class _Seat:
    """One thread's connection, its settings, and its current work."""

    def __init__(self, target: str, name: str, own: Mapping[str, str]) -> None:
        """Connect. *own* holds the settings that the engine was started with: DEFAULT has another value."""
        self.name = name
        self._own = own
        self.lock = threading.Lock()
        self.work: AnswerSink | None = None
        self._settings: dict[str, str] = {}
        self.connection = _connect(target)
        self.connection.query(f"USE {DATABASE}")
        # The only way to find a running query again: chDB accepts no query id.
        self.connection.query(f"SET log_comment = '{name}'")

    def apply(self, settings: Mapping[str, str]) -> None:
        """Apply *settings* to the connection; only changes are sent: most requests have the same settings."""
        for name in self._settings.keys() - settings.keys():
            value = _quoted(self._own[name]) if name in self._own else "DEFAULT"
            self.connection.query(f"SET {name} = {value}")
            del self._settings[name]
        for name, value in settings.items():
            if self._settings.get(name) == value:
                continue
            if name not in _SETTABLE:
                raise RequestRefusal(BAD_REQUEST, f"{name!r} is not a setting of the telemetry store")
            self.connection.query(f"SET {name} = {_quoted(value)}")
            self._settings[name] = value

    def canonical(self, text: str) -> str:
        """Return *text* as the engine's parser writes it; RuntimeError if it can't be parsed."""
        answer = self.connection.query(f"SELECT formatQuerySingleLine({_quoted(text)})", "RawBLOB")
        return str(answer.bytes().decode())


class StoreEngine:
    """The engine of one store directory; any thread may run statements."""

    def __init__(self, directory: Path, configuration: Path, limits: EngineLimits) -> None:
        """Open the store, or raise RuntimeError with the engine's reason."""
        self._directory = directory
        self._limits = limits
        self._target = f"{directory}?config-file={configuration}"
        self._local = threading.local()
        self._seats: list[_Seat] = []
        self._groups = Groups(lambda batch: batch[1] in self._held[batch[0]])
        # This connection keeps the store open until the end, whatever the others do.
        self._first = _connect(self._target)
        self._first.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        self._held = {table: self._batches_of(table) for table in BATCHED}

    def close(self) -> None:
        """Close the store. Call it only when not `is_busy`."""
        for seat in self._seats:
            seat.connection.close()
        self._first.close()

    def _batches_of(self, table: str) -> Container[int]:
        """Return the latest batches in *table*, from its last day."""
        why = "its parts change all the time"
        for _ in range(_LOOKS):
            try:
                before = self._parts_of(table)
                found = frozenset(map(int, self._told(_LATEST_BATCHES.format(table=table)).split()))
                after = self._parts_of(table)
            except RuntimeError as reason:
                if from_engine(reason).code == _UNKNOWN_TABLE:
                    return frozenset()
                why = str(reason).splitlines()[0]
                break
            # Merges begin as soon as the store is open. Parts that were merged between the query for the
            # parts and the query for their contents are gone: the engine finds nothing in them.
            if after == before:
                return found
        # Every write then looks first, which is slow but correct.
        log.warning("batches_unknown", table=table, reason=why)
        return _Everything()

    def _parts_of(self, table: str) -> bytes:
        return self._told(f"SELECT name FROM {_PARTS.format(table=table)} ORDER BY name")  # noqa: S608 - own words

    def _told(self, sql: str) -> bytes:
        content: bytes = self._first.query(sql, "TSV").bytes()
        return content

    @property
    def is_busy(self) -> bool:
        """Whether a statement is running; closing the engine then would cause a segmentation fault."""
        return self._groups.is_busy or any(seat.work is not None for seat in self._seats)

    def timezone(self) -> str:
        """Return the engine's time zone, which clients expect with every answer."""
        return str(self._first.query("SELECT timezone()", "TSV").bytes().decode().strip())

    def run(
        self,
        statement: Insert | str,
        *,
        parameters: Mapping[str, str],
        settings: Mapping[str, str],
        default_format: str,
        sink: AnswerSink,
    ) -> None:
        """Run *statement* on this thread's connection, its answer into *sink*, or raise `RequestRefusal`."""
        if isinstance(statement, Insert):
            self._insert(statement, parameters, settings, sink)
            return
        with self._working(settings, sink) as seat:
            query = permitted(statement, seat.canonical(statement))
            if query.redefines:
                # On a full disk the engine leaves an empty file as the definition, and the table is lost.
                self._require_room()
            form = query.format or default_format
            if query.streams and form not in _WHOLE:
                _stream(seat, query, parameters, form, sink)
            else:
                _answer(seat, query, parameters, form, sink)

    def interrupt(self, work: AnswerSink) -> None:
        """Stop the query of *work*, if it is still running."""
        for seat in list(self._seats):
            # The lock keeps the seat from starting somebody else's query before the kill has been sent.
            with seat.lock:
                if seat.work is work:
                    self._kill(seat)

    def interrupt_all(self) -> None:
        """Stop all running queries."""
        for seat in list(self._seats):
            with seat.lock:
                if seat.work is not None:
                    self._kill(seat)

    def _kill(self, seat: _Seat) -> None:
        self._seat().connection.query(
            "KILL QUERY WHERE Settings['log_comment'] = {name:String} ASYNC", params={"name": seat.name}
        )

    def _seat(self) -> _Seat:
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is None:
            seat = self._local.seat = _Seat(
                self._target, f"{SEAT}{threading.get_ident()}", self._limits.as_settings
            )
            self._seats.append(seat)
        return seat

    @contextmanager
    def _working(self, settings: Mapping[str, str], sink: AnswerSink) -> Iterator[_Seat]:
        seat = self._seat()
        with seat.lock:
            seat.work = sink
        try:
            seat.apply(settings)
            yield seat
        except RuntimeError as exc:
            raise from_engine(exc) from exc
        finally:
            with seat.lock:
                seat.work = None

    def _insert(
        self, insert: Insert, parameters: Mapping[str, str], settings: Mapping[str, str], sink: AnswerSink
    ) -> None:
        if _TOKEN in settings and insert.table in BATCHED and insert.format in _JOINED and not parameters:
            self._insert_with_others(insert, dict(settings), sink)
            sink.put(AnswerHead("", {}))
            return
        with self._working(settings, sink) as seat:
            done = self._write(seat, insert, lambda file: file.write(insert.rows), parameters)
        sink.put(
            AnswerHead("", {"written_rows": str(done.rows_read()), "written_bytes": str(done.bytes_read())})
        )

    def _insert_with_others(self, insert: Insert, settings: dict[str, str], sink: AnswerSink) -> None:
        try:
            token = InsertToken.read(settings.pop(_TOKEN))
        except ValueError as amiss:
            raise RequestRefusal(BAD_REQUEST, str(amiss)) from amiss
        # The same group of inserts never comes again: the engine has nothing to deduplicate.
        settings["deduplicate_insert"] = "disable"

        def write(rows: Sequence[bytes]) -> None:
            with self._working(settings, sink) as seat:
                self._write(seat, insert, partial(_JOINED[insert.format], rows), {})

        schema = streams.schema_of(insert.rows) if insert.format == "ArrowStream" else b""
        kind = (insert.head, insert.format, schema, tuple(sorted(settings.items())))
        self._groups.insert(kind, insert.table, token, insert.rows, write)

    def _require_room(self) -> None:
        free = shutil.disk_usage(self._directory).free
        if free < self._limits.free_bytes:
            raise RequestRefusal(
                NOT_ENOUGH_SPACE,
                f"the disk of {self._directory} has {free} bytes left; {self._limits.free_bytes} are to "
                f"stay free. HINT: free some space, or lower --keep-free; nothing was stored",
                stored_nothing=True,
            )

    def _write(
        self,
        seat: _Seat,
        insert: Insert,
        bring: Callable[[IO[bytes]], object],
        parameters: Mapping[str, str],
    ) -> Any:  # chDB has no types
        """Insert from a file in memory: chDB's own `send_insert` reports success for rows that it refused."""
        self._require_room()
        with os.fdopen(os.memfd_create("insert"), "wb") as file:
            bring(file)
            file.flush()
            return seat.connection.query(
                f"{insert.head} FROM INFILE '/proc/self/fd/{file.fileno()}' FORMAT {insert.format}",
                params=parameters,
            )


def _stream(seat: _Seat, query: Query, parameters: Mapping[str, str], form: str, sink: AnswerSink) -> None:
    with seat.connection.send_query(query.text, form, params=parameters) as answer:
        chunks = iter(answer)
        # An error before the first row still gets its own HTTP status.
        first = next(chunks, None)
        sink.put(AnswerHead(form, {}))
        if first is not None:
            sink.put(first.bytes())
        for chunk in chunks:
            sink.put(chunk.bytes())


def _answer(seat: _Seat, query: Query, parameters: Mapping[str, str], form: str, sink: AnswerSink) -> None:
    answer = seat.connection.query(query.text, form, params=parameters)
    content = answer.bytes()
    sink.put(
        AnswerHead(
            form if content else "",
            {"read_rows": str(answer.rows_read()), "read_bytes": str(answer.bytes_read())},
        )
    )
    if content:
        sink.put(content)


def _connect(target: str) -> Any:  # chDB has no types
    return chdb.connect(target)  # type: ignore[no-untyped-call, unused-ignore]


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
