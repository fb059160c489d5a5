"""A connection that speaks PostgreSQL's streaming replication protocol.

Commands and messages: https://www.postgresql.org/docs/18/protocol-replication.html
"""

import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from toban.chapters.backup.engine import WalPosition
from toban.chapters.backup.engines.dsn import UNREADABLE
from toban.message import Message, plain

_LOOK = 0.2
"""Seconds between two checks whether to give up, while the server is silent."""
_ALIVE = {
    # A peer that vanished silently is noticed within a minute, even while a checkpoint keeps it quiet.
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "4",
    "tcp_user_timeout": "60000",
}


class ReplicationRefusal(Exception):
    """The server did not do what it was asked, or can't be reached; the message holds no secret."""

    def __init__(self, message: Message, sqlstate: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        """The server's code for it; empty if the connection failed."""


class Stopped(Exception):
    """The operation was asked to stop."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the server is, and the current position of its log."""

    system_id: str
    flushed: WalPosition


@dataclass(frozen=True, slots=True)
class ArchiveBegins:
    """A tar archive begins: the main one, or one of a tablespace."""

    tablespace: int | None
    location: str
    """Where the tablespace is on the server; empty for the main archive."""


@dataclass(frozen=True, slots=True)
class ManifestBegins:
    """The backup manifest follows."""


@dataclass(frozen=True, slots=True)
class BackupProgress:
    """The server's own count of the bytes it has sent."""

    done: int


type BackupMessage = ArchiveBegins | ManifestBegins | BackupProgress | memoryview


def reason(error: Exception, dsn: str) -> Message:
    """Return what *error* says, without the password that *dsn* may hold."""
    text = " ".join(str(error).split()) or type(error).__name__
    try:
        password = str(conninfo_to_dict(dsn).get("password") or "")
    except psycopg.ProgrammingError:
        # The error may quote the connection string itself.
        return UNREADABLE
    return plain(text.replace(password, "…") if password else text)


def connection_string(dsn: str, **wanted: str) -> str:
    """Add *wanted* to *dsn*, and settings to detect a lost server unless *dsn* has its own."""
    try:
        return make_conninfo(dsn, **{**_ALIVE, **conninfo_to_dict(dsn), **wanted})
    except psycopg.ProgrammingError as error:
        raise ReplicationRefusal(reason(error, dsn)) from None


class Replication:
    """One connection to a server's walsender; not shared by threads.

    While it waits it calls *gives_up* several times a second: if that returns true, the command is cancelled
    on the server and `Stopped` is raised.
    """

    def __init__(self, dsn: str, gives_up: Callable[[], bool] = lambda: False) -> None:
        """Connect, or raise `ReplicationRefusal`."""
        self._gives_up = gives_up
        self._looked = time.monotonic()
        text = connection_string(dsn, replication="true", application_name="toban")
        try:
            self._connection = psycopg.connect(text, autocommit=True)
        except psycopg.Error as error:
            raise ReplicationRefusal(reason(error, dsn)) from None
        self._libpq = self._connection.pgconn
        self._poll = select.poll()
        self._poll.register(self._libpq.socket, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel a running command, and disconnect."""
        if self._libpq.transaction_status is pq.TransactionStatus.ACTIVE:
            self._cancel()
        self._connection.close()

    def identify(self) -> Identity:
        """Ask who the server is."""
        row = self._rows("IDENTIFY_SYSTEM")[0]
        return Identity(row[0], WalPosition(int(row[1]), row[2]))

    def slot(self, name: str) -> WalPosition | None:
        """Return where the log that the slot keeps begins; None if there is no such slot or it keeps none."""
        kind, lsn, timeline = self._rows(f"READ_REPLICATION_SLOT {_name(name)}")[0]
        return WalPosition(int(timeline), lsn) if kind and lsn else None

    def create_slot(self, name: str, *, temporary: bool = False) -> None:
        """Make a physical slot that keeps the log from now on; a temporary one ends with this connection."""
        kind = " TEMPORARY" if temporary else ""
        self._rows(f"CREATE_REPLICATION_SLOT {_name(name)}{kind} PHYSICAL (RESERVE_WAL)")

    def drop_slot(self, name: str) -> None:
        """Remove a slot: the server keeps no log for it any longer."""
        self._rows(f"DROP_REPLICATION_SLOT {_name(name)}")

    def timeline_history(self, timeline: int) -> bytes:
        """Return the history file of a timeline."""
        result = self._ask(f"TIMELINE_HISTORY {timeline}")
        content = result.get_value(0, 1)
        self._finish()
        return content or b""

    def upload_manifest(self, pieces: Iterator[bytes]) -> None:
        """Upload the manifest of the backup that the next one is based on."""
        self._send("UPLOAD_MANIFEST")
        self._expect(pq.ExecStatus.COPY_IN)
        for piece in pieces:
            with _on_the_line():
                self._libpq.put_copy_data(piece)
            self.look_up()
        with _on_the_line():
            self._libpq.put_copy_end()
        self._finish()

    def base_backup(self, options: Mapping[str, str | bool]) -> "BaseBackup":
        """Begin a base backup; returns once the server has made its checkpoint and starts to send."""
        self._send(f"BASE_BACKUP ({', '.join(_option(*each) for each in options.items())})")
        start = _place(self._expect(pq.ExecStatus.TUPLES_OK))
        spaces = self._expect(pq.ExecStatus.TUPLES_OK)
        kibibytes = sum(int(spaces.get_value(row, 2) or 0) for row in range(spaces.ntuples))
        self._expect(pq.ExecStatus.COPY_OUT)
        return BaseBackup(self, start, kibibytes * 1024)

    def start_streaming(self, slot: str, start: WalPosition) -> None:
        """Start streaming the log from *start* on; `receive` returns it."""
        self._send(f"START_REPLICATION SLOT {_name(slot)} PHYSICAL {start.lsn} TIMELINE {start.timeline}")
        self._expect(pq.ExecStatus.COPY_BOTH)

    def receive(self, patience: float) -> memoryview | None:
        """Return a stream's next message; empty if none came within *patience* seconds, None at its end."""
        with _on_the_line():
            size, message = self._libpq.get_copy_data(1)
            if size == 0:
                self._await(patience)
                size, message = self._libpq.get_copy_data(1)
        return memoryview(message) if size >= 0 else None

    def send(self, message: bytes) -> None:
        """Send a message of the stream."""
        with _on_the_line():
            self._libpq.put_copy_data(message)
            self._libpq.flush()

    def end_streaming(self) -> WalPosition | None:
        """Read past the end of a stream; return where the next timeline begins, or None."""
        following: WalPosition | None = None
        while (result := self._next()) is not None:
            if result.status == pq.ExecStatus.COPY_IN:
                # At the end of a timeline the server ends only its side; a server that shuts down ends both.
                with _on_the_line():
                    self._libpq.put_copy_end()
            elif result.status == pq.ExecStatus.TUPLES_OK and result.ntuples:
                following = _next_timeline(result)
        return following

    def look_up(self) -> None:
        """Check whether to give up, at most a few times a second; raises `Stopped`."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        if self._gives_up():
            self._cancel()
            self._connection.close()
            raise Stopped

    def pieces(self) -> Iterator[memoryview]:
        """Yield the messages of a COPY from the server, to its end."""
        get, look, wait = self._libpq.get_copy_data, self.look_up, self._await
        while True:
            with _on_the_line():
                size, message = get(1)
            if size > 0:
                yield memoryview(message)
            elif size == 0:
                with _on_the_line():
                    wait(_LOOK)
            else:
                return
            look()

    def end_of_backup(self) -> WalPosition:
        """Return where the server says that the backup ends."""
        end = _place(self._expect(pq.ExecStatus.TUPLES_OK))
        self._finish()
        return end

    def _rows(self, command: str) -> list[list[str]]:
        result = self._ask(command)
        rows = [
            [(result.get_value(row, column) or b"").decode() for column in range(result.nfields)]
            for row in range(result.ntuples)
        ]
        self._finish()
        return rows

    def _ask(self, command: str) -> pq.abc.PGresult:
        self._send(command)
        result = self._next()
        if result is None:
            raise ReplicationRefusal(Message("backup-engines.server-hung-up"))
        return result

    def _send(self, command: str) -> None:
        with _on_the_line():
            self._libpq.send_query(command.encode())

    def _expect(self, status: pq.ExecStatus) -> pq.abc.PGresult:
        result = self._next()
        if result is None or result.status != status:
            raise ReplicationRefusal(Message("backup-engines.server-answers-otherwise"))
        return result

    def _finish(self) -> None:
        while self._next() is not None:
            pass

    def _next(self) -> pq.abc.PGresult | None:
        with _on_the_line():
            while self._libpq.is_busy():
                self._await(_LOOK)
            result = self._libpq.get_result()
        if result is not None and result.status == pq.ExecStatus.FATAL_ERROR:
            raise _refusal(result)
        return result

    def _await(self, patience: float) -> None:
        """Wait for something to read, no longer than *patience* seconds."""
        if not self._poll.poll(patience * 1000):
            self.look_up()
            return
        self._libpq.consume_input()

    def _cancel(self) -> None:
        try:
            self._connection.cancel_safe(timeout=5)
        except psycopg.Error:
            # The server notices at the latest when it next sends into the closed connection.
            return


@dataclass(frozen=True, slots=True)
class BaseBackup:
    """A base backup that the server is sending."""

    replication: Replication
    start: WalPosition
    expected: int
    """Bytes that the server expects to send; 0 unless it was asked for PROGRESS."""

    def messages(self) -> Iterator[BackupMessage]:
        """Yield what the server sends."""
        for message in self.replication.pieces():
            match message[0]:
                case 0x64:  # d: of the archive, or of the manifest
                    yield message[1:]
                case 0x6E:  # n: a new archive
                    yield _archive(bytes(message[1:]))
                case 0x6D:  # m: the manifest
                    yield ManifestBegins()
                case 0x70:  # p: progress
                    yield BackupProgress(int.from_bytes(message[1:9], "big"))
                case kind:
                    raise ReplicationRefusal(
                        Message("backup-engines.server-message-unknown", kind=f"0x{kind:02x}")
                    )

    def end(self) -> WalPosition:
        """Return where the backup ends; only after the last message."""
        return self.replication.end_of_backup()


@contextmanager
def _on_the_line() -> Iterator[None]:
    """Report a lost connection as `ReplicationRefusal`."""
    try:
        yield
    except psycopg.Error as error:
        lost = Message("backup-engines.connection-lost", error=" ".join(str(error).split()))
        raise ReplicationRefusal(lost) from None


def _archive(message: bytes) -> ArchiveBegins:
    name, location, *_ = message.split(b"\0")
    number = name.removesuffix(b".tar")
    return ArchiveBegins(int(number) if number.isdigit() else None, location.decode())


def _place(result: pq.abc.PGresult) -> WalPosition:
    lsn, timeline = result.get_value(0, 0), result.get_value(0, 1)
    return WalPosition(int(timeline or 0), (lsn or b"").decode())


def _next_timeline(result: pq.abc.PGresult) -> WalPosition:
    """Read timeline and position; they come in the opposite order here."""
    timeline, lsn = result.get_value(0, 0), result.get_value(0, 1)
    return WalPosition(int(timeline or 0), (lsn or b"").decode())


def _refusal(result: pq.abc.PGresult) -> ReplicationRefusal:
    """Return the server's own message, detail and hint in one line."""
    fields: Sequence[pq.DiagnosticField] = (
        pq.DiagnosticField.MESSAGE_PRIMARY,
        pq.DiagnosticField.MESSAGE_DETAIL,
        pq.DiagnosticField.MESSAGE_HINT,
    )
    said = [found.decode("utf-8", "replace") for field in fields if (found := result.error_field(field))]
    state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    text = " / ".join(said) or " ".join(result.error_message.decode("utf-8", "replace").split())
    return ReplicationRefusal(plain(text), state.decode())


def _name(slot: str) -> str:
    return '"' + slot.replace('"', '""') + '"'


def _option(name: str, value: str | bool) -> str:
    written = ("true" if value else "false") if isinstance(value, bool) else f"'{value}'"
    return f"{name} {written}"
