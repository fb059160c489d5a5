"""Full and incremental backups of a real server, restored with PostgreSQL's own tools."""

import tarfile
import threading
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
import zstandard
from tests.integration.chapters.backup.debian17 import Cluster as DebianCluster
from tests.integration.chapters.backup.debian17 import Debian17
from tests.integration.chapters.backup.engines.native.bringing_back import SUMS, unpacked, verified
from tests.integration.chapters.backup.engines.native.conftest import NewCluster, label, source
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, give_away

from toban.chapters.backup.engine import BackupFailed, Method, NeedsFull, TakenBackup
from toban.chapters.backup.engines.native.protocol.segments import position
from toban.chapters.backup.engines.native.taking.take import take
from toban.engine.stores.directory import DirectoryStore


def full_of(cluster: Cluster, store: DirectoryStore, **compression: int) -> TakenBackup:
    return take(source(cluster.dsn, store, **compression), label("full"), Method.FULL, None, Watching())


def test_a_full_backup_alone_starts_with_the_rows_of_its_source(
    cluster: Cluster, store: DirectoryStore, new_cluster: NewCluster
) -> None:
    rows = cluster.sql(SUMS)
    watching = Watching()

    taken = take(source(cluster.dsn, store), label("full"), Method.FULL, None, watching)

    other = Cluster()
    try:
        files = unpacked(store, taken, other.folder / "restored")
        verified(other, files)
        assert other.adopt(files).start().sql(SUMS) == rows
    finally:
        other.remove()
    assert watching.told[-1][0] == 100.0
    assert taken.facts["checksums"] is True
    assert taken.server_version.startswith("18.")
    assert taken.start is not None
    assert taken.end is not None
    assert position(taken.start.lsn) < position(taken.end.lsn)
    assert taken.started_at <= taken.restorable_to <= taken.ended_at


def test_a_backup_holds_everything_committed_before_its_restorable_moment(
    cluster: Cluster, store: DirectoryStore
) -> None:
    cluster.sql("CREATE TABLE IF NOT EXISTS moments (at timestamptz)")
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        with psycopg.connect(cluster.superuser, autocommit=True) as connection:
            while not done.is_set():
                connection.execute("INSERT INTO moments VALUES (clock_timestamp())")
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        taken = full_of(cluster, store)
    finally:
        done.set()
        writer.join()

    count = f"SELECT count(*) FROM moments WHERE at < '{taken.restorable_to}'"  # noqa: S608
    ((wanted,),) = cluster.sql(count)
    other = Cluster()
    try:
        # The last row may have been written, but not yet committed, at that moment.
        ((found,),) = other.adopt(unpacked(store, taken, other.folder / "restored")).start().sql(count)
    finally:
        other.remove()
    assert isinstance(found, int)
    assert isinstance(wanted, int)
    assert wanted - 1 <= found <= wanted
    assert wanted > 1


def test_an_increment_on_its_full_backup_combines_to_the_rows_of_the_source(
    cluster: Cluster, store: DirectoryStore
) -> None:
    full = full_of(cluster, store)
    cluster.sql("UPDATE orders SET item = 'changed' WHERE id % 100 = 0")
    first = take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())
    cluster.sql("DELETE FROM orders WHERE id % 100 = 1")
    rows = cluster.sql(SUMS)

    second = take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())

    other = Cluster()
    try:
        # The first increment is not needed: the second one is based on the full backup too.
        store.delete([stored.key for stored in first.objects])
        inputs = [unpacked(store, each, other.folder / each.method) for each in (full, second)]
        for each in inputs:
            give_away(each)
        whole = other.folder / "whole"
        other.run("pg_combinebackup", "--output", str(whole), *map(str, inputs))
        verified(other, whole)
        assert other.adopt(whole).start().sql(SUMS) == rows
    finally:
        other.remove()
    assert first.parent == second.parent == full.label
    assert second.source_bytes < full.source_bytes


def test_each_tablespace_has_its_own_archive(store: DirectoryStore, new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    place = cluster.folder / "fast disk"
    place.mkdir()
    give_away(place)
    cluster.sql(f"CREATE TABLESPACE fast LOCATION '{place}'")
    cluster.sql("CREATE TABLE orders TABLESPACE fast AS SELECT g AS id FROM generate_series(1, 9) AS g")
    rows = cluster.sql(SUMS)

    taken = full_of(cluster, store)

    spaces = taken.facts["tablespaces"]
    assert isinstance(spaces, list)
    (space,) = spaces
    assert space["path"] == str(place)
    assert f"{space['oid']}.0000.tar.zst" in {stored.key.rpartition("/")[2] for stored in taken.objects}
    other = Cluster()
    try:
        files = unpacked(store, taken, other.folder / "restored")
        give_away(files.with_name(f"{files.name}.{space['oid']}"))
        verified(other, files)
        assert other.adopt(files).start().sql(SUMS) == rows
    finally:
        other.remove()


def test_a_large_archive_is_split_into_self_contained_tars(cluster: Cluster, store: DirectoryStore) -> None:
    taken = full_of(cluster, store, object_bytes=1 << 20)

    archives = taken.facts["archives"]
    assert isinstance(archives, list)
    assert len(archives) > 5
    names: list[str] = []
    for entry in archives:
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(store.read(entry["key"]))
        with tarfile.open(fileobj=BytesIO(plain)) as archive:
            names += archive.getnames()
    assert len(names) == len(set(names))
    assert {"backup_label", "PG_VERSION", "global/pg_control"} <= set(names)


def test_two_backups_at_once_are_both_complete(cluster: Cluster, store: DirectoryStore) -> None:
    found: list[TakenBackup] = []
    threads = [threading.Thread(target=lambda: found.append(full_of(cluster, store))) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 2
    other = Cluster()
    try:
        for number, taken in enumerate(found):
            verified(other, unpacked(store, taken, other.folder / f"restored{number}"))
    finally:
        other.remove()


def test_a_source_without_checksums_is_recorded_as_such(
    store: DirectoryStore, new_cluster: NewCluster
) -> None:
    taken = full_of(new_cluster(checksums=False), store)

    assert taken.facts["checksums"] is False


def test_no_increment_is_made_when_the_server_does_not_summarize_changed_blocks(
    store: DirectoryStore, new_cluster: NewCluster
) -> None:
    cluster = new_cluster(summarize_wal="off")
    full = full_of(cluster, store)

    with pytest.raises(NeedsFull, match="HINT: ALTER SYSTEM SET summarize_wal = on"):
        take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())


def test_missing_summaries_are_reported_in_the_servers_words_with_their_lsn(
    store: DirectoryStore, new_cluster: NewCluster
) -> None:
    cluster = new_cluster()
    full = full_of(cluster, store)
    cluster.sql("CREATE TABLE more AS SELECT generate_series(1, 1000)")
    cluster.sql("CHECKPOINT")
    take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())
    for summary in (cluster.files / "pg_wal/summaries").glob("*.summary"):
        summary.unlink()
    before = sorted(each.key for each in store.listing(""))

    with pytest.raises(NeedsFull, match=r"summar.*[0-9A-F]+/[0-9A-F]+"):
        take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())

    assert sorted(each.key for each in store.listing("")) == before


def test_a_full_backup_of_another_cluster_is_refused_as_parent(
    cluster: Cluster, store: DirectoryStore, new_cluster: NewCluster
) -> None:
    other = full_of(new_cluster(anew=True), store)

    with pytest.raises(NeedsFull, match="別のクラスタ"):
        take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, other, Watching())


def test_an_increment_needs_a_parent(cluster: Cluster, store: DirectoryStore) -> None:
    with pytest.raises(NeedsFull, match="フルバックアップがありません"):
        take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, None, Watching())


def test_a_missing_or_damaged_parent_manifest_requires_a_full_backup(
    cluster: Cluster, store: DirectoryStore
) -> None:
    full = full_of(cluster, store)
    key = full.facts["manifest"]["key"]  # type: ignore[index]

    store.put(key, zstandard.compress(b'{"PostgreSQL-Backup-Manifest-Version": 2}'))
    with pytest.raises(NeedsFull, match="のマニフェストを使えません: カタログの SHA-256"):
        take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())
    store.delete([key])
    with pytest.raises(NeedsFull, match="のマニフェストを使えません"):
        take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (("pg-s3cr3t", "wr0ng-s3cr3t"), "password authentication failed"),
        (("127.0.0.1:", "127.0.0.1:1"), "port"),
        (("postgresql://", "postgresql:/"), "接続文字列を読めません"),
    ],
)
def test_no_error_shows_the_password(
    cluster: Cluster, store: DirectoryStore, change: tuple[str, str], match: str
) -> None:
    dsn = cluster.dsn.replace(*change)

    with pytest.raises(BackupFailed, match=match) as failure:
        take(source(dsn, store), label("full"), Method.FULL, None, Watching())

    told = str(failure.value) + str(failure.value.__cause__)
    assert "s3cr3t" not in told


def test_a_role_without_the_replication_right_is_reported(cluster: Cluster, store: DirectoryStore) -> None:
    cluster.sql("CREATE ROLE reader LOGIN PASSWORD 'r3ader'")
    dsn = cluster.dsn.replace("postgres:pg-s3cr3t", "reader:r3ader")

    with pytest.raises(BackupFailed, match="REPLICATION"):
        take(source(dsn, store), label("full"), Method.FULL, None, Watching())


def test_postgresql_17_of_debian_is_backed_up_like_18(
    debian: Debian17, store: DirectoryStore, tmp_path: Path
) -> None:
    cluster = DebianCluster(debian, "native", {"summarize_wal": "on"})
    cluster.make()
    cluster.start()
    try:
        cluster.sql("CREATE TABLE orders AS SELECT id, md5(id::text) FROM generate_series(1, 9000) AS id")
        full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
        cluster.sql("DELETE FROM orders WHERE id % 7 = 0")
        rows = cluster.sql(SUMS)
        second = take(source(cluster.dsn, store), label("incr"), Method.INCREMENTAL, full, Watching())
    finally:
        cluster.stop()

    other = DebianCluster(debian, "native_restored")
    inputs = [unpacked(store, each, debian.root / f"input-{each.method}") for each in (full, second)]
    for each in inputs:
        give_away(each)
    debian.run(debian.binaries / "pg_combinebackup", "--output", other.data, *inputs)
    debian.run(debian.binaries / "pg_verifybackup", "--quiet", other.data)
    other.start()
    try:
        assert other.sql(SUMS) == rows
    finally:
        other.stop()
    assert full.server_version.startswith("17.")
