"""The settings of chapter 4 in `toban.toml`: how each subject is backed up, how restores are rehearsed."""

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from toban.design.acts import is_restore_test
from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.bindings.section import Assumed, Section, beside_the_bindings
from toban.engine.bindings.values import ClockTime, Length
from toban.message import Message


def _policies(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    return (row for row in design.of(BackupPolicy) if row.subject == name)


def _logs(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    methods = ((row, read_backup_method(row.method)) for row in design.of(BackupPolicy))
    return (row for row, method in methods if row.subject == name and method is BackupMethod.LOG)


def _untimed_drills(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(Routine) if is_restore_test(row) and not row.schedule.is_timed)


class DrillBinding(Section):
    """`[backups.SUBJECT.drill]`: how a restore is rehearsed, in a server that is thrown away afterwards."""

    binaries: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The folder of the database programs, in the source's major version; None: the usual places."""
    folder: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The folder to restore into; None: the system's temporary folder."""
    account: str = "postgres"
    """The account that the server runs as if Toban runs as root."""
    role: str = "postgres"
    """A superuser of the source; queries to the restored server use this role."""
    database: str = ""
    """The database to compare and query; empty for the one that `dsn` names."""
    query: str = ""
    """A query of the application's own; it must succeed."""
    expect: str = ""
    """The required value in the first column of its first row; empty for any value."""
    compare_within: Length = timedelta(minutes=10)
    """How long reading the source's tables may take; the smallest are read first."""
    at: Annotated[
        ClockTime, Assumed("backup.assumed-drill-time", Message("backup.why-drill-time"), _untimed_drills)
    ] = time(5)
    """When the drill begins on a day for which the document gives no time."""


class BackupBinding(Section):
    """The settings that every backup's table may have; the config of each backup engine derives from it."""

    store: str = ""
    """The `[stores.NAME]` it goes to; empty for the one that the row's 保存先 names."""
    verify: Literal["read", "list"] = "read"
    """Whether stored objects are read back before they count as a backup, or only listed and compared."""
    late_after: Annotated[Length, Assumed("backup.assumed-grace", Message("backup.why-grace"), _policies)] = (
        timedelta(minutes=15)
    )
    """How late a backup may be at least; otherwise a quarter of the interval, at most 6 hours."""
    log_lag: Annotated[Length, Assumed("backup.assumed-log-lag", Message("backup.why-log-lag"), _logs)] = (
        timedelta(minutes=15)
    )
    """How far the log may be behind."""
    timeout: Length | None = None
    """The longest that taking one backup may take."""
    drill: DrillBinding | None = None
    """How restores are rehearsed; without it Toban does not run the document's restore test."""
