"""Failures in the middle of a backup, and what they leave behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from tests.integration import buckets
from tests.integration.buckets import BucketOf, S3Server
from tests.integration.chapters.backup.engines.native.bringing_back import SUMS, unpacked, verified
from tests.integration.chapters.backup.engines.native.conftest import NewCluster, label, source
from tests.integration.chapters.backup.engines.slow_store import Interrupted
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster
from tests.waiting import eventually

from toban.chapters.backup.engine import BackupFailed, Method, NeedsFull, TakenBackup
from toban.chapters.backup.engines.native.config import NativeBackup
from toban.chapters.backup.engines.native.kind import KIND
from toban.chapters.backup.engines.native.taking.take import take
from toban.engine.bindings.secret import Secret
from toban.engine.stores import directory, s3
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.s3.clients import settings_client
from toban.engine.stores.store import Store

SENDERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'"
FULL, INCREMENTAL = Method.FULL, Method.INCREMENTAL


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server with enough incompressible data for several parts of an upload."""
    cluster = Cluster().make().start()
    cluster.sql(
        "CREATE TABLE orders AS SELECT id, (SELECT string_agg(md5(random()::text), '')"
        " FROM generate_series(1, 20) WHERE id > 0) AS item FROM generate_series(1, 30000) AS id"
    )
    yield cluster
    cluster.remove()


class Once:
    """Does something the first time it is called."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._acts = [act]

    def __call__(self) -> None:
        if self._acts:
            self._acts.pop()()


def end_walsenders(cluster: Cluster) -> None:
    cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'")


def assert_nothing_is_left(cluster: Cluster, store: Store) -> None:
    assert list(store.listing("")) == []
    eventually(lambda: not cluster.sql(SENDERS))
    assert cluster.sql("SELECT slot_name FROM pg_replication_slots") == []


def test_a_walsender_that_dies_mid_stream_leaves_no_backup(cluster: Cluster, store: DirectoryStore) -> None:
    dying = Interrupted(store, lambda: end_walsenders(cluster))

    with pytest.raises(BackupFailed, match=r"terminating connection|接続が切れました") as failure:
        take(source(cluster.dsn, dying), label("full"), FULL, None, Watching())

    assert failure.value.retry
    assert_nothing_is_left(cluster, store)


def test_a_server_that_is_killed_mid_stream_leaves_no_backup(
    new_cluster: NewCluster, store: DirectoryStore
) -> None:
    cluster = new_cluster()
    cluster.sql("CREATE TABLE orders AS SELECT id, md5(id::text) FROM generate_series(1, 200000) AS id")

    dying = Interrupted(store, lambda: cluster.stop(signal.SIGKILL))

    with pytest.raises(BackupFailed, match=r"接続が切れました|terminating") as failure:
        take(source(cluster.dsn, dying), label("full"), FULL, None, Watching())

    assert failure.value.retry
    assert list(store.listing("")) == []


def test_a_worker_that_is_killed_before_the_manifest_leaves_no_backup_and_the_label_free(
    cluster: Cluster, store: DirectoryStore
) -> None:
    name = label("full")
    command = [
        sys.executable,
        str(Path(__file__).with_name("killed_taker.py")),
        store.name,
        cluster.dsn,
        name,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"archives stored\n"
        worker.kill()
    left = [each.key for each in store.listing("")]
    eventually(lambda: not cluster.sql(SENDERS))

    taken = take(source(cluster.dsn, store, level=3), name, FULL, None, Watching())

    assert left
    assert not any("manifest" in key for key in left)
    assert sorted(each.key for each in store.listing("")) == sorted(each.key for each in taken.objects)
    assert cluster.sql("SELECT slot_name FROM pg_replication_slots") == []


@pytest.mark.parametrize("stops_after", [0, 1])
def test_a_stopped_backup_ends_on_the_server_too_and_leaves_nothing(
    cluster: Cluster, store: DirectoryStore, stops_after: int
) -> None:
    watching = Watching(stops_after=stops_after)
    # The server sends more only while somebody reads: the backup can't be over before it is stopped.
    stuck = Interrupted(store, lambda: threading.Event().wait(0.5))

    with pytest.raises(BackupFailed, match="止めるように言われた"):
        take(source(cluster.dsn, stuck, level=9), label("full"), FULL, None, watching)

    assert_nothing_is_left(cluster, store)


def test_a_backup_can_be_stopped_while_the_server_waits_for_its_checkpoint(
    new_cluster: NewCluster, store: DirectoryStore
) -> None:
    cluster = new_cluster(checkpoint_timeout="1h", shared_buffers="64MB")
    cluster.sql("CREATE TABLE orders AS SELECT id, md5(id::text) FROM generate_series(1, 200000) AS id")
    slow = source(cluster.dsn, store)
    slow = type(slow)(slow.subject, slow.dsn, slow.store, slow.compression, "spread")

    with pytest.raises(BackupFailed, match="止めるように言われた"):
        take(slow, label("full"), FULL, None, Watching(stops_after=3))

    assert_nothing_is_left(cluster, store)


def test_a_prune_during_a_backup_affects_only_what_it_prunes(
    cluster: Cluster, store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_DSN", cluster.dsn)
    engine = KIND.build("PostgreSQL", NativeBackup(dsn=Secret("env:BACKUP_DSN")), store)
    old = engine.take(label("full"), FULL, None, Watching())
    pruning = Interrupted(store, lambda: engine.remove(old))

    new = take(source(cluster.dsn, pruning), label("full"), FULL, None, Watching())

    assert sorted(each.key for each in store.listing("")) == sorted(each.key for each in new.objects)
    assert engine.verify(new, Watching()).is_whole


def test_an_encrypted_store_returns_what_the_server_sent(cluster: Cluster, tmp_path: Path) -> None:
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    (tmp_path / "sealed").mkdir()
    config = DirectoryConfig(
        path=tmp_path / "sealed", encrypt_to=(str(key.to_public()),), identity=Secret(f"file:{tmp_path}/key")
    )
    sealed = directory.KIND.build(config)
    rows = cluster.sql(SUMS)
    full = take(source(cluster.dsn, sealed), label("full"), FULL, None, Watching())

    increment = take(source(cluster.dsn, sealed), label("incr"), INCREMENTAL, full, Watching())

    assert all(stored.sealed for stored in (*full.objects, *increment.objects))
    raw = b"".join(path.read_bytes() for path in (tmp_path / "sealed").rglob("*") if path.is_file())
    assert b"\x28\xb5\x2f\xfd" not in raw[:64]
    other = Cluster()
    try:
        files = unpacked(sealed, full, other.folder / "restored")
        verified(other, files)
        assert other.adopt(files).start().sql(SUMS) == rows
    finally:
        other.remove()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server that the test may stop; stored objects survive."""
    (tmp_path / "buckets").mkdir()
    server = buckets.nanio(tmp_path / "buckets")
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
def test_a_store_outage_of_20_seconds_delays_the_backup(
    cluster: Cluster, own_server: S3Server, bucket_of: BucketOf
) -> None:
    bucket = s3.KIND.build(bucket_of(own_server, retry_for="3分"))
    back = threading.Timer(20, own_server.start)

    def leave() -> None:
        own_server.stop()
        back.start()

    leaving = Interrupted(bucket, Once(leave))
    taken = take(source(cluster.dsn, leaving), label("full"), FULL, None, Watching())
    back.join()

    other = Cluster()
    try:
        verified(other, unpacked(bucket, taken, other.folder / "restored"))
    finally:
        other.remove()
    bucket.close()


def test_a_store_that_stays_away_fails_the_backup_and_leftovers_are_swept(
    cluster: Cluster, own_server: S3Server, bucket_of: BucketOf
) -> None:
    config = bucket_of(own_server, retry_for="1秒")
    bucket = s3.KIND.build(config)
    uploads = settings_client(config)

    def leave() -> None:
        # The parts are sent aside: what the server has not heard of would leave nothing unfinished.
        eventually(lambda: "Uploads" in uploads.list_multipart_uploads(Bucket=config.bucket))
        own_server.stop()

    # Inside the second part: the first part is then an unfinished upload.
    gone = Interrupted(bucket, leave, after=6 << 20)

    with pytest.raises(BackupFailed, match="接続を拒まれました") as failure:
        take(source(cluster.dsn, gone), label("full"), FULL, None, Watching())
    own_server.start()

    assert failure.value.retry
    assert list(bucket.listing("")) == []
    assert bucket.sweep("", datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert bucket.sweep("", datetime.now(UTC) + timedelta(minutes=1)) == 0
    bucket.close()


def test_a_standby_can_be_backed_up_as_far_as_it_had_replayed(
    cluster: Cluster, store: DirectoryStore, standby_of: Callable[[Cluster], Cluster]
) -> None:
    standby = standby_of(cluster)
    cluster.sql("CREATE TABLE IF NOT EXISTS marks (at timestamptz)")
    cluster.sql("INSERT INTO marks VALUES (clock_timestamp())")
    eventually(lambda: standby.sql("SELECT to_regclass('marks')") != [(None,)])
    eventually(lambda: standby.sql("SELECT count(*) FROM marks") == [(1,)])
    rows = standby.sql(SUMS)

    taken = take(source(standby.dsn, store), label("full"), FULL, None, Watching())

    ((replayed_to,),) = standby.sql("SELECT pg_last_xact_replay_timestamp()")
    assert isinstance(replayed_to, datetime)
    assert taken.restorable_to <= replayed_to
    other = Cluster()
    try:
        files = unpacked(store, taken, other.folder / "restored")
        verified(other, files)
        assert other.adopt(files).start().sql(SUMS) == rows
    finally:
        other.remove()


def test_an_increment_of_an_idle_standby_is_refused_with_the_reason_and_needs_no_full(
    cluster: Cluster, store: DirectoryStore, standby_of: Callable[[Cluster], Cluster]
) -> None:
    full = take(source(cluster.dsn, store), label("full"), FULL, None, Watching())
    standby = standby_of(cluster)
    later = take(source(cluster.dsn, store), label("full"), FULL, None, Watching())
    assert full.end is not None

    with pytest.raises(BackupFailed, match="リスタートポイント") as failure:
        take(source(standby.dsn, store), label("incr"), INCREMENTAL, later, Watching())

    assert not isinstance(failure.value, NeedsFull)
    assert failure.value.retry


def test_a_promotion_during_a_standbys_backup_fails_it(
    cluster: Cluster, store: DirectoryStore, standby_of: Callable[[Cluster], Cluster]
) -> None:
    standby = standby_of(cluster)
    # A backup of many members: the first ones are stored while the others are still to be sent.
    promoting = Interrupted(store, Once(lambda: standby.sql("SELECT pg_promote()")))

    with pytest.raises(BackupFailed, match="promoted") as failure:
        take(source(standby.dsn, promoting), label("full"), FULL, None, Watching())

    assert failure.value.retry
    assert list(store.listing("")) == []


def test_an_increment_after_a_promotion_is_based_on_a_full_backup_before_it(
    cluster: Cluster, store: DirectoryStore, standby_of: Callable[[Cluster], Cluster]
) -> None:
    standby = standby_of(cluster)
    full = take(source(standby.dsn, store), label("full"), FULL, None, Watching())
    # After a promotion at the very start of a segment, PostgreSQL omits the first bytes from its summaries.
    cluster.sql("CREATE TABLE between_backup_and_promotion ()")
    eventually(lambda: standby.sql("SELECT to_regclass('between_backup_and_promotion')") != [(None,)])
    standby.sql("SELECT pg_promote()")
    standby.sql("DELETE FROM orders WHERE id % 10 = 0")
    rows = standby.sql(SUMS)

    increment = take(source(standby.dsn, store), label("incr"), INCREMENTAL, full, Watching())

    assert full.end is not None
    assert increment.end is not None
    assert (full.end.timeline, increment.end.timeline) == (1, 2)
    assert combined_rows(store, full, increment) == rows


def combined_rows(store: Store, full: TakenBackup, increment: TakenBackup) -> object:
    other = Cluster()
    try:
        inputs = [unpacked(store, each, other.folder / each.method) for each in (full, increment)]
        for each in inputs:
            verified(other, each)
        whole = other.folder / "whole"
        other.run("pg_combinebackup", "--output", str(whole), *map(str, inputs))
        return other.adopt(whole).start().sql(SUMS)
    finally:
        other.remove()
