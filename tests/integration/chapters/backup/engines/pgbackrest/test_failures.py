"""Failures around pgBackRest, and what they leave behind."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest
from tests.integration.chapters.backup.debian17 import Cluster
from tests.integration.chapters.backup.engines.pgbackrest_source import STANZA, Backed
from tests.integration.chapters.backup.engines.watching import Watching, text_of

from toban.chapters.backup.engine import BackupFailed, Method, NeedsFull, RestoreOrder

pytestmark = pytest.mark.slow

FULL, NEXT, INCREMENT = "20261125T020000Z-full", "20261126T020000Z-full", "20261125T030000Z-incr"
PATIENCE = 60


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def processes() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if each.name() == "pgbackrest"]


def test_a_connection_that_breaks_mid_stream_leaves_no_backup(own_backed: Backed) -> None:
    engine, source = own_backed.engine(), own_backed.cluster

    def end() -> None:
        source.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgBackRest%'"
        )

    with pytest.raises(BackupFailed, match=r"^pgbackrest が終了コード") as failure:
        engine.take(FULL, Method.FULL, None, Watching(act=end))

    assert failure.value.retry
    with pytest.raises(NeedsFull):
        engine.take(INCREMENT, Method.INCREMENTAL, None, Watching())
    assert engine.take(FULL, Method.FULL, None, Watching()).label == FULL


def test_a_pgbackrest_that_is_killed_leaves_no_backup_and_no_processes(own_backed: Backed) -> None:
    engine = own_backed.engine()

    def kill() -> None:
        for process in processes():
            process.kill()

    with pytest.raises(BackupFailed, match="シグナル 9"):
        engine.take(FULL, Method.FULL, None, Watching(act=kill))

    assert processes() == []
    assert engine.take(FULL, Method.FULL, None, Watching()).label == FULL


def test_a_killed_worker_takes_pgbackrest_with_it_and_the_label_is_free(own_backed: Backed) -> None:
    taker = Path(__file__).parent / "dying_taker.py"
    engine = own_backed.engine()
    command = [
        sys.executable,
        str(taker),
        str(own_backed.config),
        STANZA,
        FULL,
        *own_backed.cluster.debian.pgbackrest,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    died = subprocess.run(command, env=environment, check=False)
    taken = engine.take(FULL, Method.FULL, None, Watching())

    assert died.returncode == -9
    assert own_backed.pgbackrest("info").count("full backup: ") == 1
    assert engine.verify(taken, Watching()).is_whole


def test_a_stopped_backup_ends_at_once(own_backed: Backed) -> None:
    engine, watch = own_backed.engine(), Watching()
    watch.act = lambda: setattr(watch, "stops_after", 0)

    with pytest.raises(BackupFailed, match="途中で止めました: cancelled"):
        engine.take(FULL, Method.FULL, None, watch)

    assert processes() == []


def test_a_damaged_increment_is_found_by_verify_and_not_restored(own_backed: Backed) -> None:
    engine = own_backed.engine()
    full = engine.take(FULL, Method.FULL, None, Watching())
    own_backed.cluster.sql("UPDATE orders SET digest = 'changed' WHERE id % 50 = 0")
    increment = engine.take(INCREMENT, Method.INCREMENTAL, full, Watching())
    flip(own_backed.files_of(str(increment.facts["pgbackrest"]))[-1])

    assert engine.verify(full, Watching()).is_whole
    checked = engine.verify(increment, Watching())
    assert not checked.is_whole
    assert str(increment.facts["pgbackrest"]) in str(checked.troubles[0])
    into = own_backed.empty_folder(f"{own_backed.cluster.name}-damaged")
    with pytest.raises(BackupFailed):
        engine.restore(RestoreOrder(chain=[full, increment], into=into), Watching())


def test_a_full_backup_made_by_someone_else_is_not_silently_used_as_parent(own_backed: Backed) -> None:
    engine = own_backed.engine()
    full = engine.take(FULL, Method.FULL, None, Watching())
    own_backed.pgbackrest("backup", "--type=full")

    with pytest.raises(NeedsFull, match=str(full.facts["pgbackrest"])):
        engine.take(INCREMENT, Method.INCREMENTAL, full, Watching())


def test_a_parent_that_is_gone_from_the_repository_needs_a_new_full(own_backed: Backed) -> None:
    engine = own_backed.engine()
    full = engine.take(FULL, Method.FULL, None, Watching())
    engine.take(NEXT, Method.FULL, None, Watching())
    own_backed.pgbackrest("expire", f"--set={full.facts['pgbackrest']}")

    with pytest.raises(NeedsFull):
        engine.take(INCREMENT, Method.INCREMENTAL, full, Watching())
    with pytest.raises(BackupFailed, match="リポジトリにありません"):
        engine.restore(
            RestoreOrder(chain=[full], into=own_backed.empty_folder(f"{own_backed.cluster.name}-gone")),
            Watching(),
        )


def test_an_increment_after_a_promotion_is_based_on_the_full_before_it(own_backed: Backed) -> None:
    engine, source = own_backed.engine(), own_backed.cluster
    full = engine.take(FULL, Method.FULL, None, Watching())
    source.stop()
    (source.data / "standby.signal").touch()
    source.start()
    source.sql("SELECT pg_promote()", "UPDATE orders SET digest = 'promoted' WHERE id = 1")

    increment = engine.take(INCREMENT, Method.INCREMENTAL, full, Watching())

    assert increment.end is not None
    assert full.end is not None
    assert (full.end.timeline, increment.end.timeline) == (1, 2)
    into = own_backed.empty_folder(f"{own_backed.cluster.name}-promoted")
    engine.restore(RestoreOrder(chain=[full, increment], into=into, follows_log=False), Watching())
    server = own_backed.serve(into)
    assert server.sql("SELECT digest FROM orders WHERE id = 1") == [("promoted",)]
    server.stop()


def test_an_unreachable_repository_fails_the_backup_and_a_later_one_succeeds(own_backed: Backed) -> None:
    engine = own_backed.engine()
    away = own_backed.repo.with_name("away")
    own_backed.repo.rename(away)

    with pytest.raises(BackupFailed, match="HINT: リポジトリに届くか確かめ") as failure:
        engine.take(FULL, Method.FULL, None, Watching())
    away.rename(own_backed.repo)

    assert failure.value.retry
    assert engine.take(FULL, Method.FULL, None, Watching()).label == FULL


def test_a_repository_that_disappears_mid_stream_leaves_no_backup(own_backed: Backed) -> None:
    engine = own_backed.engine()
    backups = own_backed.repo / "backup" / STANZA
    away = own_backed.repo / "away"

    def leave() -> None:
        backups.rename(away)
        backups.write_text("nothing can be written below a file")

    with pytest.raises(BackupFailed) as failure:
        engine.take(FULL, Method.FULL, None, Watching(act=leave))
    backups.unlink()
    away.rename(backups)

    assert failure.value.retry
    assert engine.take(FULL, Method.FULL, None, Watching()).label == FULL


def test_a_repository_whose_disk_is_full_fails_the_backup(own_backed: Backed, small_disk: Path) -> None:
    repo, debian = own_backed.repo, own_backed.cluster.debian
    own_backed.cluster.sql("CREATE TABLE noise AS SELECT gen_random_uuid() FROM generate_series(1, 300000)")
    shutil.copytree(repo / "backup", small_disk / "backup")
    if debian.account:
        for path in (small_disk, *small_disk.rglob("*")):
            os.chown(path, debian.account.pw_uid, debian.account.pw_gid)
    shutil.rmtree(repo / "backup")
    (repo / "backup").symlink_to(small_disk / "backup")

    with pytest.raises(BackupFailed, match=r"No space left on device|unable to write") as failure:
        own_backed.engine().take(FULL, Method.FULL, None, Watching())

    assert failure.value.retry
    assert "full backup: " not in own_backed.pgbackrest("info")


def test_a_restore_without_enough_space_is_refused_before_it_starts(backed: Backed, small_disk: Path) -> None:
    engine = backed.engine()
    full = engine.take(FULL, Method.FULL, None, Watching())

    with pytest.raises(BackupFailed, match="に足りません"):
        engine.restore(RestoreOrder(chain=[full], into=small_disk / "restored"), Watching())

    assert list((small_disk / "restored").iterdir()) == []


def test_missing_log_before_the_target_keeps_the_restored_server_from_starting(
    own_backed: Backed,
) -> None:
    engine, source = own_backed.engine(), own_backed.cluster
    full = engine.take(FULL, Method.FULL, None, Watching())
    for number in range(3):
        source.sql(f"CREATE TABLE t{number} (id int)", "SELECT pg_switch_wal()")
    ((moment,),) = source.sql("SELECT clock_timestamp()")
    assert isinstance(moment, datetime)
    source.sql("CREATE TABLE last_one (id int)", "SELECT pg_switch_wal()")
    source.stop()
    segments = sorted(own_backed.repo.glob("archive/*/*/*/0*"))
    assert full.end is not None
    after = [
        path for path in segments if path.name[16:24] > f"{int(full.end.lsn.partition('/')[2], 16) >> 24:08X}"
    ]
    after[1].unlink()

    into = own_backed.empty_folder(f"{own_backed.cluster.name}-gap")
    engine.restore(RestoreOrder(chain=[full], into=into, to=moment.astimezone(UTC)), Watching())
    server = Cluster(own_backed.cluster.debian, into.name)
    with pytest.raises(AssertionError, match="recovery ended before configured recovery target was reached"):
        server.start()


def test_the_engine_waits_for_a_held_lock_and_reports_it(own_backed: Backed) -> None:
    engine = own_backed.engine()
    engine.take(FULL, Method.FULL, None, Watching())
    held = own_backed.config.parent / "lock" / f"{STANZA}-backup-1.lock"
    own_backed.give(held, "")
    watch = Watching()
    with held.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        release = threading.Timer(3, lambda: fcntl.flock(lock, fcntl.LOCK_UN))
        release.start()
        taken = engine.take(NEXT, Method.FULL, None, watch)
        release.join()

    assert taken.label == NEXT
    assert any("ロック" in line for line in watch.lines)


def test_a_lock_that_is_never_released_fails_the_backup_in_time(own_backed: Backed) -> None:
    held = own_backed.config.parent / "lock" / f"{STANZA}-backup-1.lock"
    own_backed.cluster.debian.run("mkdir", "-p", held.parent)
    own_backed.give(held, "")
    with held.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupFailed, match="ほかの pgBackRest が動いたままです") as failure:
            own_backed.engine(lock_wait="1秒").take(FULL, Method.FULL, None, Watching())

    assert failure.value.retry


def test_the_engine_does_not_wait_for_a_lock_without_write_permission(own_backed: Backed) -> None:
    if own_backed.cluster.debian.account is None:
        pytest.skip("needs another account than the tests'")
    lock = own_backed.config.parent / "lock"
    shutil.rmtree(lock, ignore_errors=True)
    lock.mkdir()
    lock.chmod(0o755)
    watch = Watching()

    with pytest.raises(BackupFailed, match="Permission denied"):
        own_backed.engine().take(FULL, Method.FULL, None, watch)

    assert watch.lines == []


def test_two_backups_at_once_run_one_after_the_other_and_are_both_complete(own_backed: Backed) -> None:
    engine, found = own_backed.engine(), {}

    def take(label: str) -> None:
        found[label] = engine.take(label, Method.FULL, None, Watching())

    threads = [threading.Thread(target=take, args=(label,)) for label in (FULL, NEXT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert [engine.verify(found[label], Watching()).is_whole for label in (FULL, NEXT)] == [True, True]


def test_a_prune_waits_until_the_backup_has_ended(own_backed: Backed) -> None:
    engine = own_backed.engine()
    old = engine.take(FULL, Method.FULL, None, Watching())
    pruning = threading.Thread(target=own_backed.engine().remove, args=(old,))

    new = engine.take(NEXT, Method.FULL, None, Watching(act=pruning.start))
    pruning.join(PATIENCE)

    assert engine.verify(new, Watching()).is_whole
    assert not engine.verify(old, Watching()).is_whole


def test_a_server_that_is_down_is_reported(own_backed: Backed) -> None:
    own_backed.cluster.stop()
    engine = own_backed.engine()

    (doubt,) = engine.doubts()

    assert "unable to" in text_of(doubt)
    with pytest.raises(BackupFailed, match="unable to"):
        engine.take(FULL, Method.FULL, None, Watching())
    with pytest.raises(psycopg.OperationalError):
        own_backed.cluster.sql("SELECT 1")
