"""The commands of the engine, as values. They never contain passwords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.dsn import UNREADABLE
from toban.chapters.backup.engines.program import EngineProgram
from toban.message import Message

_LOCK_WAIT = "5min"
"""A table that is locked for longer fails the dump: a night's backup must not wait for it silently."""

ZSTD_SINCE = 16
"""The first pg_dump that supports zstd: https://www.postgresql.org/docs/16/app-pgdump.html"""

_SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "none": ""}
_FORMATS = {"custom": "c", "directory": "d", "plain": "p"}


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database to connect to: its public connection string, and the password separately."""

    conninfo: str
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, dsn: str) -> "DatabaseAddress":
        """Split *dsn*, or raise `BackupFailed` without quoting any of it."""
        try:
            parts = conninfo_to_dict(dsn)
        except ProgrammingError as error:
            raise BackupFailed(UNREADABLE, retry=False) from error
        if parts.get("sslpassword"):
            # libpq takes it only from the connection string, which every account can list.
            what = Message("backup-engines.sslpassword-not-usable")
            hint = Message("backup-engines.leave-key-unencrypted")
            raise BackupFailed(what, hint=hint, retry=False)
        password = str(parts.pop("password", None) or "")
        return cls(make_conninfo("", **parts), password)

    @property
    def dsn(self) -> str:
        """The whole connection string, for libraries only."""
        return make_conninfo(self.conninfo, **({"password": self.password} if self.password else {}))

    def mask(self, text: str) -> str:
        """Return *text* without the password."""
        return text.replace(self.password, "…") if self.password else text


@dataclass(frozen=True, slots=True)
class ClientPrograms:
    """Where PostgreSQL's client programs are."""

    folder: Path | None = None

    def version(self, name: str) -> EngineProgram:
        """Ask a program for its version."""
        return EngineProgram((self._path(name), "--version"))

    def zstd_probe(self) -> EngineProgram:
        """Ask pg_dump whether it was built with zstd.

        It checks the compression before anything else, and the other wrong option before it would connect:
        the one that it complains about is the answer.
        """
        return EngineProgram((self._path("pg_dump"), "--format=custom", "--compress=zstd", "--jobs=2"))

    def dump(
        self,
        server: DatabaseAddress,
        snapshot: str,
        shape: "DumpShape",
        *,
        jobs: int = 1,
        folder: Path | None = None,
    ) -> EngineProgram:
        """Dump what *snapshot* sees: to standard output, or in directory format into *folder*."""
        arguments = [
            self._path("pg_dump"),
            f"--dbname={server.conninfo}",
            "--no-password",
            f"--format={_FORMATS[shape.format]}",
            f"--compress={shape.compress}",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={_LOCK_WAIT}",
        ]
        if shape.format == "directory":
            arguments += [f"--jobs={jobs}", f"--file={folder}"]
        return _with_password(arguments, server)

    def listing(self, archive: Path | None = None) -> EngineProgram:
        """Read the table of contents of an archive: *archive*, or standard input."""
        place = () if archive is None else (str(archive),)
        return EngineProgram((self._path("pg_restore"), "--list", *place))

    def restore(
        self, server: DatabaseAddress, archive: Path, *, jobs: int, keeps_owners: bool
    ) -> EngineProgram:
        """Restore *archive* into the database at *server*."""
        arguments = [
            self._path("pg_restore"),
            f"--dbname={server.conninfo}",
            "--no-password",
            "--exit-on-error",
            f"--jobs={jobs}",
        ]
        if not keeps_owners:
            arguments += ["--no-owner", "--no-acl"]
        return _with_password([*arguments, str(archive)], server)

    def psql(self, server: DatabaseAddress) -> EngineProgram:
        """Run SQL from standard input, all of it or nothing."""
        return _with_password(
            [
                self._path("psql"),
                f"--dbname={server.conninfo}",
                "--no-password",
                "--no-psqlrc",
                "--quiet",
                "--single-transaction",
                "--set=ON_ERROR_STOP=1",
            ],
            server,
        )

    def _path(self, name: str) -> str:
        return name if self.folder is None else str(self.folder / name)


@dataclass(frozen=True, slots=True)
class DumpShape:
    """The form of a dump."""

    format: str
    compression: str
    major: int
    """The major version of the pg_dump that writes it."""

    @property
    def compress(self) -> str:
        """The value for `--compress`; before PostgreSQL 16 only a level of gzip."""
        if self.compression == "none":
            return "0"
        return self.compression if self.major >= ZSTD_SINCE else "6"

    @property
    def object_name(self) -> str:
        """The object's name in the store."""
        if self.format == "plain":
            return f"database.sql{_SUFFIXES[self.compression]}"
        return {"custom": "database.dump", "directory": "database.tar"}[self.format]

    def as_facts(self) -> Mapping[str, object]:
        """Return it as the catalogue keeps it."""
        return {"format": self.format, "compression": self.compression}


def _with_password(arguments: Sequence[str], server: DatabaseAddress) -> EngineProgram:
    if not server.password:
        return EngineProgram(tuple(arguments))
    return EngineProgram(tuple(arguments), {"PGPASSWORD": server.password}, frozenset({"PGPASSWORD"}))
