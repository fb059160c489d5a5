"""How far the log goes that `archive_command` has archived, as the server itself reports it.

Archiver: https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-PG-STAT-ARCHIVER-VIEW
Segments: https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-ADMIN-GENFILE
"""

import re
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.conninfo import conninfo_to_dict

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.dsn import UNREADABLE
from toban.message import Message, plain

_TIMEOUT = 10
_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
_PAGE_HEADER = 40
"""Bytes at the start of a segment before its first record (SizeOfXLogLongPHD of access/xlog_internal.h)."""

# One statement per question: later answers may be newer, which never makes the result too optimistic.
_CLOCK = "SELECT clock_timestamp()"
_ARCHIVED = "SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver"
_WRITTEN = "SELECT max(modification) FROM pg_ls_waldir() WHERE name = %s"
_END = """
    SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, timeline_id,
           (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size')
      FROM pg_control_checkpoint()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLog:
    """The server's log and its archive, as they were at one look."""

    at: datetime
    """The server's clock, read before everything else."""
    archived: str
    """The newest archived file: a segment, or one of the small files between."""
    last_written_at: datetime | None
    """When that segment was last written to; None if the server has removed it."""
    end: int
    """Where the log ends, in bytes."""
    timeline: int
    segment_size: int


def how_far(seen: ArchivedLog) -> datetime | None:
    """Return a moment before which everything committed is in the archive; None if none is known.

    The archive's own times would be too optimistic: if archiving had stalled, a file was written long before
    it was archived. The log continues in the next segment after the last write to this one.
    """
    named = _SEGMENT.fullmatch(seen.archived)
    if named is None or int(named[1], 16) != seen.timeline:
        return None
    number = int(named[2], 16) * (0x1_0000_0000 // seen.segment_size) + int(named[3], 16)
    if seen.end <= (number + 1) * seen.segment_size + _PAGE_HEADER:
        # Nothing was written since then.
        return seen.at
    return seen.last_written_at


def look(dsn: str) -> ArchivedLog:
    """Ask the server at *dsn*; the role needs `pg_monitor`. Raises `BackupFailed`, without the password."""
    try:
        with psycopg.connect(
            dsn, application_name="toban", connect_timeout=_TIMEOUT, autocommit=True
        ) as connection:
            ((at,),) = connection.execute(_CLOCK)
            ((archived,),) = connection.execute(_ARCHIVED)
            ((written,),) = connection.execute(_WRITTEN, [archived])
            ((end, timeline, size),) = connection.execute(_END)
    except psycopg.Error as error:
        raise BackupFailed(_masked(str(error).strip(), dsn)) from error
    return ArchivedLog(
        at=at, archived=archived, last_written_at=written, end=end, timeline=timeline, segment_size=size
    )


def _masked(text: str, dsn: str) -> Message:
    try:
        password = str(conninfo_to_dict(dsn).get("password") or "")
    except psycopg.ProgrammingError:
        return UNREADABLE
    return plain(text.replace(password, "…") if password else text)
