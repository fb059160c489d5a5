"""Failures in the middle of a dump or a restore, and what they leave behind."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from tests.integration import buckets
from tests.integration.buckets import BucketOf, S3Server
from tests.integration.chapters.backup.debian17 import Cluster, Debian17
from tests.integration.chapters.backup.engines.pg_dump.conftest import SUBJECT, EngineOf
from tests.integration.chapters.backup.engines.slow_store import Interrupted
from tests.integration.chapters.backup.engines.watching import Watching

from toban.chapters.backup.engine import BackupFailed, Method, RestoreOrder
from toban.engine.stores import s3
from toban.engine.stores.directory import DirectoryStore

pytestmark = pytest.mark.slow

LABEL = "20261125T020000Z-full"
NEXT = "20261126T020000Z-full"
PATIENCE = 60


def dump_processes() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [each for each in children if each.name() == "pg_dump"]


def end_backend(source: Cluster) -> None:
    source.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_dump'")


def test_a_connection_that_breaks_mid_stream_leaves_no_backup(
    source: Cluster, engine_of: EngineOf, store: DirectoryStore
) -> None:
    engine = engine_of(Interrupted(store, lambda: end_backend(source)), compression="none")

    with pytest.raises(BackupFailed, match="終了コード 1") as failure:
        engine.take(LABEL, Method.FULL, None, Watching())

    assert failure.value.retry
    # The error is the server's last message or a lost connection, whichever comes first.
    assert re.search("terminating connection|terminated abnormally", str(failure.value))
    assert list(store.listing("")) == []


def test_a_pg_dump_that_is_killed_mid_stream_leaves_no_backup(
    engine_of: EngineOf, store: DirectoryStore
) -> None:
    def kill() -> None:
        for process in dump_processes():
            process.kill()

    engine = engine_of(Interrupted(store, kill), compression="none")

    with pytest.raises(BackupFailed, match="シグナル 9"):
        engine.take(LABEL, Method.FULL, None, Watching())

    assert list(store.listing("")) == []


def test_a_worker_that_is_killed_leaves_no_backup_no_pg_dump_and_the_label_free(
    source: Cluster, engine_of: EngineOf, store: DirectoryStore, debian: Debian17
) -> None:
    taker = Path(__file__).parent / "stuck_taker.py"
    command = [sys.executable, str(taker), store.name, str(debian.binaries), SUBJECT, LABEL]
    environment = {**os.environ, "BACKUP_DSN": source.dsn, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"writing\n"
        (dump,) = [
            each for each in psutil.Process(worker.pid).children(recursive=True) if each.name() == "pg_dump"
        ]
        worker.kill()
    dump.wait(PATIENCE)

    assert list(store.listing("")) == []
    again = engine_of().take(LABEL, Method.FULL, None, Watching())

    assert [each.key for each in store.listing("")] == [each.key for each in again.objects]
    assert store.sweep("", datetime.now(UTC) + timedelta(seconds=1)) == 1


def test_leftovers_of_an_earlier_attempt_under_the_label_are_cleared(
    engine_of: EngineOf, store: DirectoryStore
) -> None:
    earlier = engine_of(format="plain").take(LABEL, Method.FULL, None, Watching())

    later = engine_of(format="custom").take(LABEL, Method.FULL, None, Watching())

    assert [each.key for each in store.listing("")] == [each.key for each in later.objects]
    assert later.objects != earlier.objects


def test_a_stopped_dump_ends_at_once_and_leaves_nothing(engine_of: EngineOf, store: DirectoryStore) -> None:
    engine = engine_of(compression="none")

    with pytest.raises(BackupFailed, match="途中で止めました: cancelled"):
        engine.take(LABEL, Method.FULL, None, Watching(stops_after=3))

    assert list(store.listing("")) == []
    assert dump_processes() == []


@pytest.mark.parametrize("form", ["custom", "directory", "plain"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_object_is_found_by_verify_and_not_restored(
    source: Cluster,
    engine_of: EngineOf,
    store: DirectoryStore,
    empty: str,
    tmp_path: Path,
    form: str,
    damage: str,
) -> None:
    engine = engine_of(format=form)
    taken = engine.take(LABEL, Method.FULL, None, Watching())
    path = Path(store.name, taken.objects[0].key)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content if damage == "flipped" else content[: len(content) // 2])

    checked = engine.verify(taken, Watching())

    assert not checked.is_whole
    assert all(taken.objects[0].key in str(trouble) for trouble in checked.troubles)
    with pytest.raises(BackupFailed, match="database"):
        engine.restore(RestoreOrder(chain=[taken], into=tmp_path / "work", server=empty), Watching())
    assert source.sql("SELECT count(*) FROM pg_class WHERE relname = 'orders'", database="restored") == [(0,)]
    assert list((tmp_path / "work").iterdir()) == []


def test_an_archive_that_pg_restore_cannot_read_is_found_despite_a_correct_checksum(
    engine_of: EngineOf, store: DirectoryStore
) -> None:
    engine = engine_of()
    taken = engine.take(LABEL, Method.FULL, None, Watching())
    stored = store.put(taken.objects[0].key, b"PGDMP but no archive")

    checked = engine.verify(replace(taken, objects=(stored,)), Watching())

    assert ["pg_restore" in str(trouble) for trouble in checked.troubles] == [True]


def test_an_order_for_an_increment_is_refused(engine_of: EngineOf) -> None:
    engine = engine_of()
    full = engine.take(LABEL, Method.FULL, None, Watching())

    with pytest.raises(BackupFailed, match="増分") as refusal:
        engine.take(NEXT, Method.INCREMENTAL, full, Watching())

    assert not refusal.value.retry


def test_a_moment_after_the_snapshot_is_refused_before_anything_is_fetched(
    engine_of: EngineOf, empty: str, tmp_path: Path
) -> None:
    engine = engine_of()
    taken = engine.take(LABEL, Method.FULL, None, Watching())
    later = taken.restorable_to + timedelta(minutes=30)

    with pytest.raises(BackupFailed, match="の状態にだけ戻せます"):
        engine.restore(
            RestoreOrder(chain=[taken], into=tmp_path / "work", to=later, server=empty), Watching()
        )

    assert not (tmp_path / "work").exists()


def test_a_spool_without_enough_space_is_refused_before_the_dump(
    engine_of: EngineOf, small_disk: Path
) -> None:
    engine = engine_of(format="directory", spool=small_disk)

    with pytest.raises(BackupFailed, match=r"の空きは 4\.19 MB で、\S+ [MG]B に足りません"):
        engine.take(LABEL, Method.FULL, None, Watching())


def test_a_spool_that_fills_up_fails_the_dump_and_is_cleared(
    source: Cluster,
    engine_of: EngineOf,
    store: DirectoryStore,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Bytes are written as two digits each: 3 MiB in the table are 6 MiB in an uncompressed dump.
    source.sql("CREATE DATABASE images")
    source.sql(
        "CREATE TABLE images (content bytea STORAGE EXTERNAL)",
        "INSERT INTO images SELECT decode(repeat(md5(n::text), 65536), 'hex') FROM generate_series(1, 3) n",
        database="images",
    )
    engine = engine_of(format="directory", compression="none", spool=small_disk)
    monkeypatch.setenv("BACKUP_DSN", source.database("images"))

    with pytest.raises(BackupFailed, match="No space left on device"):
        engine.take(LABEL, Method.FULL, None, Watching())

    assert list(store.listing("")) == []
    (folder,) = small_disk.iterdir()
    assert [each.name for each in folder.iterdir()] == [".lock"]
    source.sql("DROP DATABASE images")


def test_leftovers_of_a_killed_dump_in_the_spool_are_cleared(
    engine_of: EngineOf, store: DirectoryStore, tmp_path: Path
) -> None:
    engine = engine_of(format="directory", spool=tmp_path)
    engine.take(LABEL, Method.FULL, None, Watching())
    (folder,) = tmp_path.glob("toban-pg_dump-*")
    (folder / "dump").mkdir()
    (folder / "dump" / "toc.dat").write_bytes(b"half")

    engine.take(NEXT, Method.FULL, None, Watching())

    assert [each.name for each in folder.iterdir()] == [".lock"]


def test_a_restore_without_space_for_the_dump_is_refused_before_it_starts(
    source: Cluster, engine_of: EngineOf, empty: str, small_disk: Path
) -> None:
    engine = engine_of(compression="none")
    taken = engine.take(LABEL, Method.FULL, None, Watching())

    with pytest.raises(BackupFailed, match="に足りません"):
        engine.restore(RestoreOrder(chain=[taken], into=small_disk / "work", server=empty), Watching())

    assert source.sql("SELECT count(*) FROM pg_class WHERE relname = 'orders'", database="restored") == [(0,)]


def test_two_backups_at_once_are_both_complete(engine_of: EngineOf, store: DirectoryStore) -> None:
    engine, found = engine_of(), {}

    def take(label: str) -> None:
        found[label] = engine.take(label, Method.FULL, None, Watching())

    threads = [threading.Thread(target=take, args=(label,)) for label in (LABEL, NEXT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [engine.verify(found[label], Watching()).is_whole for label in (LABEL, NEXT)] == [True, True]


def test_a_second_dump_reports_that_the_spool_is_in_use(engine_of: EngineOf, store: DirectoryStore) -> None:
    second = engine_of(format="directory")
    refusals: list[BackupFailed] = []

    def meanwhile() -> None:
        with pytest.raises(BackupFailed, match="別のバックアップが使っています") as refusal:
            second.take(NEXT, Method.FULL, None, Watching())
        refusals.append(refusal.value)

    first = engine_of(Interrupted(store, meanwhile), format="directory")
    taken = first.take(LABEL, Method.FULL, None, Watching())

    assert [each.retry for each in refusals] == [True]
    assert first.verify(taken, Watching()).is_whole


def test_a_prune_during_a_backup_affects_only_what_it_prunes(
    engine_of: EngineOf, store: DirectoryStore
) -> None:
    old = engine_of().take(LABEL, Method.FULL, None, Watching())
    engine = engine_of(Interrupted(store, lambda: engine_of().remove(old)))

    new = engine.take(NEXT, Method.FULL, None, Watching())
    engine.remove(old)

    assert [each.key for each in store.listing("")] == [each.key for each in new.objects]
    assert engine.verify(new, Watching()).is_whole


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server that the test may stop; stored objects survive."""
    (tmp_path / "buckets").mkdir()
    server = buckets.nanio(tmp_path / "buckets")
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
def test_a_store_outage_of_20_seconds_delays_the_dump(
    engine_of: EngineOf, own_server: S3Server, bucket_of: BucketOf
) -> None:
    bucket = s3.KIND.build(bucket_of(own_server, retry_for="3分"))
    back = threading.Timer(20, own_server.start)

    def leave() -> None:
        own_server.stop()
        back.start()

    engine = engine_of(Interrupted(bucket, leave), compression="none")
    taken = engine.take(LABEL, Method.FULL, None, Watching())
    back.join()

    assert engine.verify(taken, Watching()).is_whole
    bucket.close()


def test_a_store_that_stays_away_fails_the_dump_and_leftovers_are_swept(
    engine_of: EngineOf, own_server: S3Server, bucket_of: BucketOf
) -> None:
    config = bucket_of(own_server, retry_for="1秒")
    bucket = s3.KIND.build(config)
    # Inside the second part: the first part is then an unfinished upload.
    engine = engine_of(Interrupted(bucket, own_server.stop, after=6 << 20), compression="none")

    with pytest.raises(BackupFailed, match="接続を拒まれました") as failure:
        engine.take(LABEL, Method.FULL, None, Watching())
    own_server.start()

    assert failure.value.retry
    assert list(bucket.listing("")) == []
    assert bucket.sweep("", datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert bucket.sweep("", datetime.now(UTC) + timedelta(minutes=1)) == 0
    bucket.close()
