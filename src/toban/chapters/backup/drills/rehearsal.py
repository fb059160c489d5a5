"""The restore drill: restores the newest chain into a throw-away server, checks it and times it."""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from toban.chapters.backup.bindings import DrillBinding
from toban.chapters.backup.drills import fingerprint, postgres
from toban.chapters.backup.drills.check import Check
from toban.chapters.backup.drills.fingerprint import OpenSnapshot, Tables
from toban.chapters.backup.drills.postgres import DrillServer, ServerPrograms
from toban.chapters.backup.engine import ActWatch, BackupEngine, BackupFailed, FindsMoments, RestoreOrder
from toban.chapters.backup.restoring import records, restore
from toban.chapters.backup.restoring.restore import RestorePlan, RestoreRefusal, RestoreTarget
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.taking.turns import turn_of
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.stores.store import StoreTrouble
from toban.message import NOTHING, Message, listing, message_of, plain, sentences

PREFIX = "toban-drill-"
"""Prefix of the drills' folders; the next drill removes the folders that a killed one left."""

_PATIENCE = 4 * 3600.0
"""Seconds that a recovery may take; generous, because the drill is there to measure it."""

_TOLD = 10
_PORT = "5432"
"""Only names the socket."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class DrillOutcome:
    """What a drill found and measured."""

    label: str = ""
    target: datetime | None = None
    phases: dict[str, float] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    rpo_seconds: float | None = None
    rto_seconds: float | None = None
    reason: Message = NOTHING
    """Why it ended early."""

    @property
    def passed(self) -> bool | None:
        """Whether every check passed; None if nothing failed but something could not be determined."""
        if self.reason or any(check.passed is False for check in self.checks):
            return False
        if not self.checks or any(check.passed is None for check in self.checks):
            return None
        return True

    @property
    def why_not(self) -> Message:
        """Why it did not pass."""
        return self.reason or listing(
            [
                Message("backup.about-check", name=each.name, found=each.found)
                for each in self.checks
                if not each.passed
            ]
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the restored database is compared with."""

    to_lsn: str
    at: datetime | None
    tables: Tables | None
    why_not: Message = NOTHING
    """Why it can't be compared."""


def rehearse(source: BackupSource, watch: ActWatch, *, run: int | None = None) -> DrillOutcome:
    """Restore the newest chain of *source*, check it, measure it, and leave nothing behind.

    Failures of the restore are part of the outcome. Raises `BackupFailed` only when asked to stop.
    """
    outcome = DrillOutcome()
    try:
        settings = source.config.drill or DrillBinding()
        base = settings.folder or Path(tempfile.gettempdir())
        sweep(base)
        with source.opened() as at_work, _folder(base) as folder:
            _Rehearsal(source, settings, at_work.engine, folder, watch, run, outcome).act()
    except (BackupFailed, RestoreRefusal, StoreTrouble, psycopg.Error, OSError) as error:
        if watch.why_stop() is not None:
            raise BackupFailed(Message("backup.drill-stopped")) from error
        way_out = error.hint if isinstance(error, RestoreRefusal) else NOTHING
        outcome.reason = sentences(message_of(error), way_out)
    return outcome


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    source: BackupSource
    settings: DrillBinding
    engine: BackupEngine
    folder: Path
    watch: ActWatch
    run: int | None
    outcome: DrillOutcome

    def act(self) -> None:
        known = records.in_catalogue(self.source.subject)
        planned = restore.plan(self.source.subject, known, RestoreTarget())
        self.outcome.label = planned.newest.label
        self._measure_loss(planned)
        programs = self._programs(planned)
        for refusal in restore.obstacles(planned, self.folder / "data"):
            raise refusal
        if planned.is_physical:
            self._act_on_cluster(planned, programs)
        else:
            self._act_on_dump(planned, programs)

    def _act_on_cluster(self, planned: RestorePlan, programs: ServerPrograms) -> None:
        wanted = self._source_now(planned, programs)
        self.outcome.target = wanted.at or planned.reaches
        server = self._bring_back(planned, programs, wanted)
        try:
            self._ask()
            self._compare(wanted)
        finally:
            server.stop()
        self._check_pages(planned, programs)

    def _act_on_dump(self, planned: RestorePlan, programs: ServerPrograms) -> None:
        self.outcome.target = planned.reaches
        server = self._load(planned, programs)
        try:
            self._ask()
        finally:
            server.stop()
        # The engine counts the rows itself, and fails if they differ.
        counted = planned.newest.facts.get("rows")
        tables = len(counted) if isinstance(counted, Sequence) else 0
        found = (
            Message("backup.rows-as-dumped", count=tables) if tables else Message("backup.no-rows-counted")
        )
        name, wanted = Message("backup.check-rows"), Message("backup.same-as-dumped")
        self.outcome.checks.append(Check(name, True if tables else None, found, wanted))

    def _measure_loss(self, planned: RestorePlan) -> None:
        """Measure RPO: the age of the newest moment that could be restored now."""
        if planned.reaches is not None:
            age = (self.source.clock() - planned.reaches).total_seconds()
            self.outcome.rpo_seconds = max(age, 0.0)

    def _programs(self, planned: RestorePlan) -> ServerPrograms:
        found = restore.programs_for(planned, self.settings.binaries, self.settings.account, is_needed=True)
        if found is None:
            raise BackupFailed(Message("backup.no-programs"), retry=False)
        found.give(self.folder)
        return found

    def _source_now(self, planned: RestorePlan, programs: ServerPrograms) -> Expectation:
        """Read the source's tables at a moment that the log leads to exactly."""
        secret = getattr(self.source.config, "dsn", None)
        if not isinstance(self.engine, FindsMoments) or not isinstance(secret, Secret):
            return Expectation("", None, None, Message("backup.engine-finds-no-moment"))
        self.watch.say(Message("backup.counting-source"))
        try:
            with fingerprint.snapshots(secret.reveal(), self.settings.database) as seen:
                return self._read(seen, self.engine, planned, programs)
        except (psycopg.Error, SecretUnavailable) as error:
            return Expectation("", None, None, Message("backup.source-not-asked", why=message_of(error)))

    def _read(
        self,
        seen: Sequence[OpenSnapshot],
        engine: FindsMoments,
        planned: RestorePlan,
        programs: ServerPrograms,
    ) -> Expectation:
        looks = [each.snapshot for each in seen]
        place = engine.place_of(looks, planned.newest, programs.folder, self.watch)
        if place is None:
            return Expectation("", None, None, Message("backup.log-behind-source"))
        chosen, lsn = seen[place[0]], place[1]
        counted = fingerprint.tables(chosen.connection, within=self.settings.compare_within)
        return Expectation(lsn, chosen.at, counted)

    def _load(self, planned: RestorePlan, programs: ServerPrograms) -> DrillServer:
        """Create an empty cluster and load the dump into it; RTO is the time that this takes."""
        began = time.monotonic()
        words = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--data-checksums")
        programs.run("initdb", "-D", str(self.folder / "data"), "-U", self.settings.role, *words)
        server = self._start(programs)
        try:
            self._make_database()
            self.outcome.phases["prepare"] = time.monotonic() - began
            order = planned.order(self.folder / "dump", server=self._conninfo(self._database()))
            with turn_of(self.source.subject, self.watch, run=self.run, clock=self.source.clock):
                self.outcome.phases |= self.engine.restore(order, self.watch).phases
        except BaseException:
            server.stop(signal.SIGQUIT)
            raise
        self.outcome.rto_seconds = time.monotonic() - began
        return server

    def _bring_back(self, planned: RestorePlan, programs: ServerPrograms, wanted: Expectation) -> DrillServer:
        """Restore, start, and wait until the recovery has ended; RTO is the time that this takes."""
        began = time.monotonic()
        data = self.folder / "data"
        order = RestoreOrder(
            chain=planned.chain,
            into=data,
            to_lsn=wanted.to_lsn,
            binaries=programs.folder,
            owner=programs.account.ids if programs.account is not None else None,
        )
        with turn_of(self.source.subject, self.watch, run=self.run, clock=self.source.clock):
            restored = self.engine.restore(order, self.watch)
        self.outcome.phases |= restored.phases
        programs.give(data, self.folder / "data.tablespaces")
        started = time.monotonic()
        server = self._start(programs)
        self.outcome.phases["recover"] = time.monotonic() - started
        self.outcome.rto_seconds = time.monotonic() - began
        self.watch.say(Message("backup.restored-in", seconds=round(self.outcome.rto_seconds, 1)))
        return server

    def _make_database(self) -> None:
        database = self._database()
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            asked = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            # A new cluster already has an empty database `postgres`.
            if asked.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def _start(self, programs: ServerPrograms) -> DrillServer:
        """Start a server that only this drill can reach, and wait until it accepts connections."""
        output = self.folder / "log"
        output.touch()
        programs.give(output)
        server = DrillServer(
            programs, self.folder / "data", output, {**_private(self.folder), **programs.first_start}
        )
        server.start()
        try:
            server.wait(self._is_open, self.watch, _PATIENCE)
        except BaseException:
            server.stop(signal.SIGQUIT)
            raise
        return server

    def _ask(self) -> None:
        """Run the application's own query."""
        name, query, wanted = Message("backup.check-query"), self.settings.query, self.settings.expect
        if not query:
            return
        with _timed(self.outcome.phases, "query"):
            try:
                with psycopg.connect(self._conninfo(self._database())) as connection:
                    row = connection.execute(query.encode()).fetchone()
            except psycopg.Error as error:
                self.outcome.checks.append(Check(name, False, plain(str(error).strip()), plain(wanted)))
                return
        found = plain(str(row[0])) if row else Message("backup.no-row")
        passed = found == plain(wanted) if wanted else row is not None
        self.outcome.checks.append(Check(name, passed, found, plain(wanted) or Message("backup.any-answer")))

    def _compare(self, wanted: Expectation) -> None:
        if wanted.tables is None:
            found = Message("backup.not-comparable", why=wanted.why_not)
            self.outcome.checks.append(
                Check(Message("backup.check-contents"), None, found, Message("backup.same-as-source"))
            )
            return
        with _timed(self.outcome.phases, "compare"):
            back = fingerprint.restored(self._conninfo(self._database()))
        self.outcome.checks.append(compared(wanted.tables, back))

    def _check_pages(self, planned: RestorePlan, programs: ServerPrograms) -> None:
        name, wanted = Message("backup.check-checksums"), Message("backup.no-damaged-page")
        if planned.newest.facts.get("checksums") is not True:
            self.outcome.checks.append(Check(name, None, Message("backup.checksums-not-enabled"), wanted))
            return
        with _timed(self.outcome.phases, "checksums"):
            try:
                programs.run("pg_checksums", "--check", "-D", str(self.folder / "data"))
            except BackupFailed as failure:
                self.outcome.checks.append(Check(name, False, message_of(failure), wanted))
                return
        self.outcome.checks.append(Check(name, True, wanted, wanted))

    def _database(self) -> str:
        """Return the database to compare and query, by its name in the source."""
        secret = getattr(self.source.config, "dsn", None)
        if not self.settings.database and isinstance(secret, Secret):
            with suppress(SecretUnavailable, psycopg.ProgrammingError):
                return str(conninfo_to_dict(secret.reveal()).get("dbname") or "postgres")
        return self.settings.database or "postgres"

    def _conninfo(self, database: str) -> str:
        return make_conninfo(host=str(self.folder), port=_PORT, user=self.settings.role, dbname=database)

    def _is_open(self) -> bool:
        try:
            psycopg.connect(self._conninfo("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "does not exist" in str(error):
                hint = Message("backup.name-the-role")
                raise BackupFailed(message_of(error), hint=hint, retry=False) from error
            return False
        return True


def compared(source: Tables, back: Tables) -> Check:
    """Compare the restored tables with the source: everything that was read there must be the same."""
    name, different = Message("backup.check-contents"), fingerprint.differences(source, back)
    tables, rows = len(source.read), sum(content.rows for content in source.read.values())
    unread = [
        Message("backup.table-not-counted", table=table, why=why)
        for table, why in list(source.unread.items())[:_TOLD]
    ]
    wanted = Message("backup.same-tables-and-rows", count=tables, rows=rows)
    if different:
        more = len(different) - _TOLD
        told = [*different[:_TOLD], *([Message("backup.and-more-tables", count=more)] if more > 0 else [])]
        return Check(name, False, sentences(listing(told), *unread), wanted)
    if not source.read:
        return Check(name, None, sentences(Message("backup.no-tables-to-compare"), *unread), wanted)
    same = Message("backup.tables-and-rows-agree", count=tables, rows=rows)
    return Check(name, True, sentences(same, *unread), wanted)


def _private(folder: Path) -> dict[str, str]:
    """Return settings for a server that only the drill can reach, and that reaches nothing of the source."""
    (folder / "postgresql.conf").touch()
    (folder / "pg_hba.conf").write_text("local all all trust\n")
    (folder / "pg_ident.conf").touch()
    return {
        "config_file": str(folder / "postgresql.conf"),
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "unix_socket_permissions": "0700",
        "port": _PORT,
        "archive_mode": "off",
        "hot_standby": "off",
        "logging_collector": "off",
        "log_destination": "stderr",
        "ssl": "off",
        "shared_preload_libraries": "",
        "session_preload_libraries": "",
        "local_preload_libraries": "",
        "shared_buffers": "128MB",
        "huge_pages": "off",
        "max_connections": "20",
        "max_prepared_transactions": "64",
        "autovacuum": "off",
        "summarize_wal": "off",
        "synchronous_standby_names": "",
        "primary_conninfo": "",
    }


@contextmanager
def _folder(base: Path) -> Iterator[Path]:
    """Create a folder for this drill; locked so that no other drill sweeps it, and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    try:
        with (folder / "held").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield folder
    finally:
        _remove(folder)


def sweep(base: Path) -> int:
    """Remove what killed drills have left in *base*, servers first; return how many there were."""
    count = 0
    for folder in filter(_is_ours, base.glob(f"{PREFIX}*")):
        with suppress(OSError):
            held = os.open(folder / "held", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
                count += 1
            finally:
                os.close(held)
    return count


def _is_ours(folder: Path) -> bool:
    """Whether a drill made *folder*: in a world-writable place, anyone could use the name."""
    try:
        owner = folder.lstat().st_uid
    except FileNotFoundError:
        return False
    # A drill run as root gives its folder to the server's account.
    return folder.is_dir() and not folder.is_symlink() and (os.geteuid() == 0 or owner == os.geteuid())


def _remove(folder: Path) -> None:
    number = postgres.running_on(folder / "data", started_here=True)
    if number:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGQUIT)
        for _ in range(100):
            if not postgres.running_on(folder / "data", started_here=True):
                break
            time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        log.warning("drill_left_behind", folder=str(folder))


@contextmanager
def _timed(phases: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    phases[name] = time.monotonic() - began
