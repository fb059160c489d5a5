"""The engine: a snapshot of one database, dumped by pg_dump and streamed to the store."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import ClassVar

from toban.chapters.backup.engine import (
    ActWatch,
    BackupCheck,
    BackupFailed,
    Method,
    RestoredBackup,
    RestoreOrder,
    TakenBackup,
)
from toban.chapters.backup.engines.pg_dump import restore, stored
from toban.chapters.backup.engines.pg_dump.commands import (
    ZSTD_SINCE,
    ClientPrograms,
    DatabaseAddress,
    DumpShape,
)
from toban.chapters.backup.engines.pg_dump.config import METHODS, PgDumpBackup
from toban.chapters.backup.engines.pg_dump.source import (
    DumpOutlook,
    DumpSource,
    held_snapshot,
    look_ahead,
    major,
)
from toban.chapters.backup.engines.pg_dump.spool import spool
from toban.chapters.backup.engines.program import QUIET, ProgramFailed, output, pieces, run
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.store import Store, StoredObject, StoreTrouble, folder_of
from toban.engine.trial import Doubt
from toban.message import Message, message_of

_NAMED = 5
_VERSION = re.compile(r"\(PostgreSQL\) (\d+(?:\.\d+)*)")


class PgDump:
    """Backs up one database. Roles and tablespaces belong to the server and are not in a dump."""

    NAME: ClassVar[str] = "pg_dump"

    def __init__(self, subject: str, config: PgDumpBackup, store: Store | None) -> None:
        if store is None:
            raise TypeError("pg_dump keeps its backups in a store")
        self._folder = folder_of(subject)
        self._config = config
        self._store = store
        self._programs = ClientPrograms(config.binaries)

    @property
    def methods(self) -> frozenset[Method]:
        """Full backups only."""
        return METHODS

    def take(
        self,
        label: str,
        method: Method,
        parent: TakenBackup | None,  # noqa: ARG002 - a full backup has none
        watch: ActWatch,
    ) -> TakenBackup:
        """See `BackupEngine`. What an earlier attempt left under *label* is removed first."""
        if method is not Method.FULL:
            raise BackupFailed(Message("backup-engines.pg-dump-makes-no-increments"), retry=False)
        started_at = datetime.now(UTC)
        server = self._server()
        client = self._client_version()
        shape = self._shape(client)
        try:
            prefix = f"{self._folder}/{label}/"
            self._store.delete([each.key for each in self._store.listing(prefix)])
            with held_snapshot(server) as source:
                _refuse_old_client(client, source.version)
                watch.say(
                    Message(
                        "backup-engines.dumping", client=client, database=source.database, **shape.as_facts()
                    )
                )
                dumped = self._dump(prefix + shape.object_name, server, source, shape, watch)
        except StoreTrouble as error:
            raise BackupFailed(message_of(error), retry=error.passing) from error
        return TakenBackup(
            label=label,
            method=method,
            engine=self.NAME,
            engine_version=client,
            server_version=source.version,
            system_id=source.system_id,
            started_at=started_at,
            ended_at=datetime.now(UTC),
            restorable_to=source.at,
            objects=(dumped,),
            source_bytes=source.size,
            facts=_facts(source, shape),
        )

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
        """See `BackupEngine`: each byte is compared with its checksum, the archive's contents are listed."""
        return stored.verify(self._store, self._programs, taken, watch)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
        """Restore into the empty database `order.server`; `order.into` holds the dump meanwhile."""
        client = self._client_version("pg_restore")
        return restore.restore(
            self._store, self._programs, order, watch, client=client, jobs=self._config.jobs
        )

    def remove(self, taken: TakenBackup) -> None:
        """See `BackupEngine`."""
        try:
            self._store.delete([each.key for each in taken.objects])
        except StoreTrouble as error:
            raise BackupFailed(message_of(error), retry=error.passing) from error

    def doubts(self) -> Sequence[Doubt]:
        """See `BackupEngine`."""
        try:
            client = self._client_version()
            self._client_version("pg_restore")
            self._shape(client)
            outlook = look_ahead(self._server())
            _refuse_old_client(client, outlook.version)
            next(iter(self._store.listing(f"{self._folder}/")), None)
        except BackupFailed as error:
            return (error.doubt,)
        except StoreTrouble as error:
            return (message_of(error),)
        return _unreadable(outlook)

    def close(self) -> None:
        """There is nothing to close: each operation has its own connections."""

    def _server(self) -> DatabaseAddress:
        try:
            return DatabaseAddress.of(self._config.dsn.reveal())
        except SecretUnavailable as error:
            raise BackupFailed(message_of(error), retry=False) from error

    def _client_version(self, program: str = "pg_dump") -> str:
        said = output(self._programs.version(program), QUIET).decode("utf-8", "replace")
        found = _VERSION.search(said)
        if found is None:
            raise BackupFailed(
                Message("backup-engines.version-unreadable", program=program, output=said.strip()),
                retry=False,
            )
        return found[1]

    def _shape(self, client: str) -> DumpShape:
        """Choose the compression: the configured one, or the best available."""
        asked, form = self._config.compression, self._config.format
        can_zstd = asked != "gzip" and major(client) >= ZSTD_SINCE and self._was_built_with_zstd()
        if asked == "zstd" and not can_zstd:
            what = Message("backup-engines.pg-dump-lacks-zstd", client=client)
            hint = Message("backup-engines.use-gzip-or-zstd-client")
            raise BackupFailed(what, hint=hint, retry=False)
        best = "zstd" if can_zstd and form != "plain" else "gzip"
        return DumpShape(form, asked or best, major(client))

    def _was_built_with_zstd(self) -> bool:
        try:
            output(self._programs.zstd_probe(), QUIET)
        except ProgramFailed as error:
            return "does not support compression" not in str(error)
        return True

    def _dump(
        self, key: str, server: DatabaseAddress, source: DumpSource, shape: DumpShape, watch: ActWatch
    ) -> StoredObject:
        if shape.format == "directory":
            with spool(self._config.spool, self._folder, source.table_size) as folder:
                dump = folder / "dump"
                jobs = self._config.jobs
                run(self._programs.dump(server, source.snapshot, shape, jobs=jobs, folder=dump), watch)
                return stored.write_folder(self._store, key, dump, watch)
        # Closed at once if the store fails: pg_dump must not hold its snapshot while it waits for a reader.
        with closing(pieces(self._programs.dump(server, source.snapshot, shape), watch)) as content:
            return stored.write(self._store, key, content, watch)


def _refuse_old_client(client: str, server: str) -> None:
    if major(client) < major(server):
        what = Message("backup-engines.client-too-old", client=client, server=server)
        hint = Message("backup-engines.install-client", version=major(server))
        raise BackupFailed(what, hint=hint, retry=False)


def _unreadable(outlook: DumpOutlook) -> Sequence[Doubt]:
    if not outlook.unreadable:
        return ()
    count, named = len(outlook.unreadable), outlook.unreadable[:_NAMED]
    tables = Message("backup-engines.among-others", names=named) if count > _NAMED else named
    what = Message("backup-engines.tables-unreadable", count=count, tables=tables)
    return ((what, Message("backup-engines.grant-reading")),)


def _facts(source: DumpSource, shape: DumpShape) -> Mapping[str, object]:
    rows = [{"schema": schema, "table": table, "rows": rows} for (schema, table), rows in source.rows.items()]
    return {**shape.as_facts(), "database": source.database, "rows": rows, "roles": list(source.roles)}
