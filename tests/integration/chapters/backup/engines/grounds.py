"""For each engine, a source with 1,000 rows, and how to damage and restore its backups."""

import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY
from tests.integration.chapters.backup import debian17, postgres18
from tests.integration.chapters.backup.engines import pgbackrest_source
from tests.integration.chapters.backup.engines.pgbackrest_source import Backed
from tests.integration.chapters.backup.engines.slow_store import Interrupted
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster
from tests.integration.moto import moto_server
from tests.ports import free_port

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import BackupEngine, EngineKind, RestoreOrder, TakenBackup
from toban.chapters.backup.engines import pg_dump, pgbackrest, rds
from toban.chapters.backup.engines.native import kind as native
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore

ROWS = 1_000
REGION = "ap-northeast-1"
_FILL = f"CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, {ROWS}) n"  # noqa: S608
_COUNT = "SELECT count(*) FROM orders"


class Ground(Protocol):
    """The surroundings of an engine that the common suite needs."""

    @property
    def kind(self) -> EngineKind:
        """The kind under test."""

    @property
    def secret(self) -> str:
        """A secret that no message may contain."""

    @property
    def config(self) -> BackupBinding:
        """The binding as `toban.toml` would contain it."""

    @property
    def store_config(self) -> DirectoryConfig | None:
        """The store of the backups; None if the engine has its own."""

    def engine(self) -> BackupEngine:
        """Return an engine for the source."""

    def held_up(self) -> BackupEngine:
        """Return an engine whose backup lasts long enough to be stopped."""

    def lost(self) -> BackupEngine:
        """Return an engine whose source does not answer."""

    def on_hand(self) -> Sequence[str]:
        """Return the names of the stored backups."""

    def damage(self, taken: TakenBackup) -> None:
        """Damage the stored backup *taken*."""

    def brought_back(self, engine: BackupEngine, taken: TakenBackup, folder: Path) -> int:
        """Restore *taken* and return the number of rows."""


@dataclass
class InStore:
    """An engine that writes to a store, on PostgreSQL 18."""

    kind: EngineKind
    cluster: Cluster
    folder: Path
    keys: Mapping[str, object] = field(default_factory=dict)
    secret: str = Cluster.PASSWORD

    @property
    def config(self) -> BackupBinding:
        return self._config(self.cluster.dsn)

    @property
    def store_config(self) -> DirectoryConfig:
        return DirectoryConfig(path=self.folder)

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(self.store_config)

    def engine(self) -> BackupEngine:
        return self.kind.build("PostgreSQL", self.config, self.store)

    def held_up(self) -> BackupEngine:
        # The server sends more only while somebody reads.
        stuck = Interrupted(self.store, lambda: threading.Event().wait(0.5))
        return self.kind.build("PostgreSQL", self.config, stuck)

    def lost(self) -> BackupEngine:
        nowhere = self.cluster.dsn.replace(f":{self.cluster.port}", f":{free_port()}")
        return self.kind.build("PostgreSQL", self._config(nowhere), self.store)

    def on_hand(self) -> Sequence[str]:
        return [each.key for each in self.store.listing("")]

    def damage(self, taken: TakenBackup) -> None:
        path = self.folder / taken.objects[0].key
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    def _config(self, dsn: str) -> BackupBinding:
        # One variable per DSN: an engine reads it when it acts.
        name = f"BACKUP_DSN_{abs(hash(dsn))}"
        os.environ[name] = dsn
        return self.kind.config.model_validate({"dsn": f"env:{name}", **self.keys})


class Native(InStore):
    """Restores into a folder that a server is started on."""

    def brought_back(self, engine: BackupEngine, taken: TakenBackup, folder: Path) -> int:
        engine.restore(RestoreOrder(chain=[taken], into=folder, follows_log=False), Watching())
        server = Cluster().adopt(folder)
        try:
            ((rows,),) = server.start().sql(_COUNT)
        finally:
            server.remove()
        return int(str(rows))


class PgDump(InStore):
    """Restores into an empty database."""

    def brought_back(self, engine: BackupEngine, taken: TakenBackup, folder: Path) -> int:
        server = Cluster().make().start()
        try:
            engine.restore(RestoreOrder(chain=[taken], into=folder, server=server.dsn), Watching())
            ((rows,),) = server.sql(_COUNT)
        finally:
            server.remove()
        return int(str(rows))


@dataclass
class PgBackRest:
    """pgBackRest with its own repository, on PostgreSQL 17."""

    backed: Backed
    kind: EngineKind = pgbackrest.KIND
    secret: str = debian17.PASSWORD
    store_config: None = None

    @property
    def config(self) -> BackupBinding:
        return self.backed.binding()

    def engine(self) -> BackupEngine:
        return self.backed.engine()

    def held_up(self) -> BackupEngine:
        return self.engine()

    def lost(self) -> BackupEngine:
        """Point to a cluster that does not run."""
        elsewhere = self.backed.config.with_name("lost.conf")
        text = self.backed.config.read_text()
        port = f"pg1-port={self.backed.cluster.port}"
        self.backed.give(elsewhere, text.replace(port, f"pg1-port={free_port()}"))
        return self.backed.engine(config=elsewhere)

    def on_hand(self) -> Sequence[str]:
        folder = self.backed.repo / "backup" / pgbackrest_source.STANZA
        # An interrupted backup stays here to be resumed; it has no manifest and does not count as a backup.
        return [path.parent.name for path in folder.glob("*/backup.manifest")]

    def damage(self, taken: TakenBackup) -> None:
        path = self.backed.files_of(str(taken.facts["pgbackrest"]))[-1]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    def brought_back(self, engine: BackupEngine, taken: TakenBackup, folder: Path) -> int:
        into = self.backed.empty_folder(folder.name)
        engine.restore(RestoreOrder(chain=[taken], into=into, follows_log=False), Watching())
        server = self.backed.serve(into)
        try:
            ((rows,),) = server.sql(_COUNT)
        finally:
            server.stop()
        return int(str(rows))


@dataclass
class Rds:
    """RDS as simulated by moto: there are no rows, so an existing instance counts as all of them."""

    url: str
    instance: str
    kind: EngineKind = rds.KIND
    secret: str = SECRET_KEY
    store_config: None = None

    @property
    def config(self) -> BackupBinding:
        return self._config(self.url)

    def engine(self) -> BackupEngine:
        return self.kind.build("PostgreSQL", self.config, None)

    def held_up(self) -> BackupEngine:
        return self.engine()

    def lost(self) -> BackupEngine:
        nowhere = self._config(f"http://127.0.0.1:{free_port()}")
        return self.kind.build("PostgreSQL", nowhere, None)

    def on_hand(self) -> Sequence[str]:
        answer = self._client.describe_db_snapshots(DBInstanceIdentifier=self.instance, SnapshotType="manual")
        return [each["DBSnapshotIdentifier"] for each in answer["DBSnapshots"]]

    def damage(self, taken: TakenBackup) -> None:
        self._client.delete_db_snapshot(DBSnapshotIdentifier=taken.facts["snapshot"])

    def brought_back(self, engine: BackupEngine, taken: TakenBackup, folder: Path) -> int:
        name = f"{self.instance}-back"
        order = RestoreOrder(chain=[taken], into=folder, server=name, follows_log=False)
        engine.restore(order, Watching())
        (made,) = self._client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        return ROWS if made["DBInstanceStatus"] == "available" else 0

    def _config(self, url: str) -> BackupBinding:
        os.environ.update({"RDS_ACCESS": ACCESS_KEY, "RDS_SECRET": SECRET_KEY})
        keys = {"access_key": "env:RDS_ACCESS", "secret_key": "env:RDS_SECRET", "endpoint_url": url}
        config = {"instance": self.instance, "region": REGION, **keys}
        return self.kind.config.model_validate(config)

    @property
    def _client(self) -> Any:
        return rds_client(self.url)


def rds_client(url: str) -> Any:
    """A client with an operator's rights."""
    return boto3.client(
        "rds",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def make_instance(client: Any, name: str) -> None:
    """Create a DB instance with automated backups."""
    client.create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        EngineVersion="17.4",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword="a-password",
        BackupRetentionPeriod=7,
    )


@contextmanager
def _in_store(
    folder: Path, make: type[Native] | type[PgDump], kind: EngineKind, **keys: object
) -> Iterator[Ground]:
    store = folder / "store"
    store.mkdir()
    cluster = Cluster(max_slot_wal_keep_size="1GB").make().start()
    try:
        cluster.sql(_FILL)
        yield make(kind, cluster, store, keys)
    finally:
        cluster.remove()


@contextmanager
def _pgbackrest(folder: Path) -> Iterator[Ground]:
    debian = debian17.find()
    try:
        backed = pgbackrest_source.make(debian, "conformance")
        backed.cluster.sql("DROP TABLE orders", _FILL)
        yield PgBackRest(backed)
        pgbackrest_source.discard(backed)
    finally:
        shutil.rmtree(debian.root, ignore_errors=True)


@contextmanager
def _rds(folder: Path) -> Iterator[Ground]:
    with moto_server(folder) as url:
        make_instance(rds_client(url), "shop")
        yield Rds(url, "shop")


GROUNDS = {
    "native": lambda folder: _in_store(folder, Native, native.KIND),
    "pg_dump": lambda folder: _in_store(folder, PgDump, pg_dump.KIND, binaries=postgres18.programs()),
    "pgbackrest": _pgbackrest,
    "rds": _rds,
}
"""Kind → builds its ground in a folder."""
