"""A server with history, its chain of backups and its log in a store: the basis of restore tests."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import zstandard
from tests.integration.chapters.backup.engines.native.conftest import label, source
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, give_away

from toban.chapters.backup.engine import Method, TakenBackup
from toban.chapters.backup.engines.native.protocol.segments import WalSegment, log_folder, segment_key
from toban.chapters.backup.engines.native.taking.take import take
from toban.engine.stores.directory import DirectoryStore

SEGMENT = 16 << 20

_BEFORE = """
    CREATE TABLE orders (id int PRIMARY KEY, item text);
    INSERT INTO orders SELECT id, md5(id::text) FROM generate_series(1, 50000) AS id;
    CREATE TABLE shrinks AS SELECT repeat('x', 500) AS filler FROM generate_series(1, 20000);
    CREATE TABLE emptied AS SELECT repeat('y', 500) AS filler FROM generate_series(1, 5000);
    CREATE TABLE dropped AS SELECT 1 AS one;
    CREATE UNLOGGED TABLE unlogged AS SELECT 2 AS two;
    CREATE TABLE far (id int) TABLESPACE fast;
    INSERT INTO far SELECT generate_series(1, 100000);
    CREATE INDEX far_id ON far (id) TABLESPACE fast;
    CREATE TABLE sparse AS SELECT id, repeat('z', 1000) AS filler FROM generate_series(1, 20000) AS id;
"""
_AFTER = """
    UPDATE orders SET item = 'changed' WHERE id % 100 = 0;
    INSERT INTO orders SELECT id, md5(id::text) FROM generate_series(50001, 60000) AS id;
    DELETE FROM shrinks;
    TRUNCATE emptied;
    DROP TABLE dropped;
    INSERT INTO unlogged VALUES (3);
    CREATE TABLE born AS SELECT generate_series(1, 1000) AS id;
    UPDATE far SET id = id + 1000000 WHERE id < 500;
    UPDATE sparse SET filler = repeat('w', 1000) WHERE id % 5000 = 1;
"""
SUMS = """
    SELECT (SELECT count(*) || ' ' || sum(hashtext(orders::text)) FROM orders),
           (SELECT count(*) FROM shrinks), (SELECT count(*) FROM emptied), (SELECT sum(id) FROM born),
           (SELECT count(*) || ' ' || sum(id) FROM far), (SELECT sum(hashtext(sparse::text)) FROM sparse)
"""


@dataclass(frozen=True)
class Chain:
    """A running server, and its backups in the store."""

    cluster: Cluster
    store: DirectoryStore
    root: Path
    full: TakenBackup
    increment: TakenBackup
    sums: object
    """The result of `SUMS` when the increment was taken."""

    def copied(self, folder: Path) -> DirectoryStore:
        """Return a copy of the store that may be damaged."""
        from toban.engine.stores.directory import DirectoryConfig  # noqa: PLC0415

        shutil.copytree(self.root, folder)
        return DirectoryStore(DirectoryConfig(path=folder))

    def ship(self) -> list[str]:
        """Close the current segment, and copy all of the log into the store; return the keys."""
        self.cluster.sql("SELECT pg_switch_wal()")
        ((current,),) = self.cluster.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
        folder = log_folder("PostgreSQL", self.full.system_id)
        keys = []
        for file in sorted((self.cluster.files / "pg_wal").glob("0*")):
            if file.suffix == "" and file.name < str(current):
                keys.append(segment_key(folder, WalSegment.named(file.name, SEGMENT)))
                self.store.put(keys[-1], zstandard.compress(file.read_bytes()))
        return keys

    def now(self) -> datetime:
        """Return the server's clock."""
        ((at,),) = self.cluster.sql("SELECT clock_timestamp()")
        assert isinstance(at, datetime)
        return at


def make_chain(cluster: Cluster, store: DirectoryStore, root: Path) -> Chain:
    """Change the data of *cluster* in many ways, and back it up."""
    place = cluster.folder / "fast disk"
    place.mkdir()
    give_away(place)
    cluster.sql(f"CREATE TABLESPACE fast LOCATION '{place}'")
    cluster.sql("CREATE DATABASE goes")
    for statement in filter(str.strip, _BEFORE.split(";")):
        cluster.sql(statement)
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    cluster.sql("DROP DATABASE goes")
    cluster.sql("CREATE DATABASE comes")
    for statement in filter(str.strip, _AFTER.split(";")):
        cluster.sql(statement)
    cluster.sql("VACUUM shrinks")
    sums = cluster.sql(SUMS)
    increment = take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())
    return Chain(cluster, store, root, full, increment, sums)
