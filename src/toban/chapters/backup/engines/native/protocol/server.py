"""What a running server reports about itself in plain SQL; any role that may connect can ask.

Settings: https://www.postgresql.org/docs/18/view-pg-settings.html
Slots: https://www.postgresql.org/docs/18/view-pg-replication-slots.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from toban.chapters.backup.engines.native.protocol.replication import (
    ReplicationRefusal,
    connection_string,
    reason,
)

_OLDEST = 170_000
"""The first version that makes increments."""

# The clock is read first: everything committed before it is in the log before the position read next.
# A standby's own clock says nothing about that log: the last transaction and checkpoint that it replayed do.
_SERVER = """
    SELECT CASE WHEN pg_is_in_recovery()
                THEN greatest(pg_last_xact_replay_timestamp(), checkpoint_time) ELSE clock_timestamp() END,
           (CASE WHEN pg_is_in_recovery()
                 THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END)::text,
           pg_is_in_recovery(),
           (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user),
           (SELECT count(*) FROM pg_stat_replication),
           redo_lsn::text
      FROM pg_control_checkpoint()
"""
_SETTINGS = """
    SELECT name, setting FROM pg_settings
     WHERE name IN ('server_version', 'server_version_num', 'data_checksums', 'wal_level', 'summarize_wal',
                    'wal_summary_keep_time', 'max_wal_senders', 'max_replication_slots',
                    'max_slot_wal_keep_size', 'wal_segment_size')
"""
_SLOT = """
    SELECT slot_type, active, wal_status, safe_wal_size, restart_lsn::text,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                ELSE pg_current_wal_lsn() END, restart_lsn)::bigint
      FROM pg_replication_slots WHERE slot_name = %s
"""


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server's state when it was asked."""

    settings: Mapping[str, str]
    """In the units of `pg_settings`."""
    certain_at: datetime
    """Everything committed before this moment, by the primary's clock, is in its log before `flushed`."""
    flushed: str
    """An LSN."""
    is_standby: bool
    may_replicate: bool
    walsenders: int
    redo: str
    """Where recovery would begin: an LSN. A standby's backup begins here."""

    @property
    def version(self) -> str:
        """`18.6`, without what a distribution adds."""
        return self.settings["server_version"].split()[0]

    @property
    def major(self) -> int:
        """`18`."""
        return int(self.settings["server_version_num"]) // 10_000

    @property
    def is_too_old(self) -> bool:
        """Whether it is older than the versions this engine supports."""
        return int(self.settings["server_version_num"]) < _OLDEST

    @property
    def has_checksums(self) -> bool:
        """Whether damaged pages are noticed."""
        return self.settings["data_checksums"] == "on"

    @property
    def summarizes(self) -> bool:
        """Whether it records which blocks change; increments need that."""
        return self.settings.get("summarize_wal") == "on"

    @property
    def segment_bytes(self) -> int:
        """The size of a segment of its log."""
        return int(self.settings["wal_segment_size"])

    @property
    def summaries_kept(self) -> timedelta | None:
        """How long it remembers changed blocks; None: for ever."""
        minutes = int(self.settings.get("wal_summary_keep_time", "0"))
        return timedelta(minutes=minutes) if minutes else None

    @property
    def slot_limit(self) -> int | None:
        """How many bytes of log a slot may make the server keep; None: any number."""
        mebibytes = int(self.settings["max_slot_wal_keep_size"])
        return mebibytes << 20 if mebibytes >= 0 else None


@dataclass(frozen=True, slots=True)
class ReplicationSlot:
    """A replication slot as the server shows it."""

    is_physical: bool
    is_active: bool
    status: str
    """`reserved`, `extended`, `unreserved` or `lost`; empty while it keeps nothing."""
    safe_bytes: int | None
    """How many more bytes may be written before it is in danger; None if it has no limit, or is lost."""
    restart: str
    """The LSN where the log that it keeps begins; empty if it keeps none."""
    retained_bytes: int
    """How much log the server keeps for it."""


@dataclass(frozen=True, slots=True)
class ServerLook:
    """A server, and the slot that was asked for, if the server has it."""

    server: ServerState
    slot: ReplicationSlot | None


class Inquiry:
    """A connection to ask the server about itself now and then; reopened after a failure."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def look(self, slot: str) -> ServerLook:
        """Ask the server about itself, and about *slot*; raises `ReplicationRefusal`."""
        try:
            return self._look(slot)
        except psycopg.Error as error:
            self.close()
            raise ReplicationRefusal(reason(error, self._dsn), error.sqlstate or "") from None

    def close(self) -> None:
        """Disconnect."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self, slot: str) -> ServerLook:
        if self._connection is None:
            text = connection_string(self._dsn, application_name="toban")
            self._connection = psycopg.connect(text, autocommit=True)
            self._connection.execute("SELECT set_config('statement_timeout', '15s', false)")
        settings: dict[str, str] = dict(self._connection.execute(_SETTINGS).fetchall())
        row = self._connection.execute(_SERVER).fetchone()
        slots = self._connection.execute(_SLOT, [slot]).fetchall()
        assert row is not None  # noqa: S101 - the function gives one row
        certain_at, flushed, is_standby, may_replicate, walsenders, redo = row
        server = ServerState(
            settings, certain_at, flushed or redo, is_standby, may_replicate, walsenders, redo
        )
        return ServerLook(server, _slot(*slots[0]) if slots else None)


def look(dsn: str, slot: str = "") -> ServerLook:
    """Ask the server once about itself, and about *slot*; raises `ReplicationRefusal`."""
    inquiry = Inquiry(dsn)
    try:
        return inquiry.look(slot)
    finally:
        inquiry.close()


def _slot(
    kind: str, active: bool, status: str | None, safe: int | None, restart: str | None, retained: int | None
) -> ReplicationSlot:
    return ReplicationSlot(
        kind == "physical", active, status or "", safe, restart or "", max(retained or 0, 0)
    )
