"""A native chain restored by Toban: the same result as PostgreSQL's own tools, or refused."""

import filecmp
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.backup.engines.native.bringing_back import manifest, unpacked
from tests.integration.chapters.backup.engines.native.chains import SUMS, Chain, make_chain
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, give_away, programs

from toban.chapters.backup.engine import BackupFailed, RestoreOrder, TakenBackup
from toban.chapters.backup.engines.native.checking.verify import verify
from toban.chapters.backup.engines.native.protocol.segments import lsn_text, position
from toban.chapters.backup.engines.native.restoring.incremental import BLOCK
from toban.chapters.backup.engines.native.restoring.recover import UNFINISHED, restore
from toban.chapters.backup.engines.native.taking import pages
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import Store

pytestmark = pytest.mark.slow

_OURS = {"recovery.signal", "postgresql.auto.conf", "backup_manifest", "tablespace_map"}
"""Files that a restore adds, or that PostgreSQL creates itself."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    cluster = Cluster().make().start()
    root = tmp_path_factory.mktemp("store")
    yield make_chain(cluster, DirectoryStore(DirectoryConfig(path=root)), root)
    cluster.remove()


type Adopt = Callable[[Path], Cluster]


@pytest.fixture
def adopt() -> Iterator[Adopt]:
    """A function that starts a server on a restored folder."""
    made: list[Cluster] = []

    def start(files: Path) -> Cluster:
        cluster = Cluster()
        made.append(cluster)
        spaces = files.with_name(f"{files.name}.tablespaces")
        if spaces.exists():
            # Another account can't enter the test's folder.
            shutil.move(spaces, cluster.folder / "spaces")
            give_away(cluster.folder / "spaces")
            for link in (files / "pg_tblspc").iterdir():
                link.unlink()
                link.symlink_to(cluster.folder / "spaces" / link.name)
        # Nobody can connect before the recovery has ended.
        return cluster.adopt(files).start(hot_standby="off")

    yield start
    for cluster in made:
        cluster.remove()


def restored(store: Store, into: Path, *taken: TakenBackup, **order: object) -> Path:
    watching = Watching()
    restore(store, "PostgreSQL", RestoreOrder(chain=taken, into=into, **order), watching)  # type: ignore[arg-type]
    return into


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")} - _OURS


def differing(one: Path, other: Path) -> list[str]:
    names = files_below(one) & files_below(other)
    plain = [name for name in names if (one / name).is_file()]
    return [name for name in plain if not filecmp.cmp(one / name, other / name, shallow=False)]


def test_a_restored_full_backup_passes_pg_verifybackup(chain: Chain, tmp_path: Path, adopt: Adopt) -> None:
    into = restored(chain.store, tmp_path / "back", chain.full, follows_log=False)

    (into / "backup_manifest").write_bytes(manifest(chain.store, chain.full))
    left_out = ["--ignore=tablespace_map", "--ignore=postgresql.auto.conf", "--ignore=recovery.signal"]
    command = [str(programs() / "pg_verifybackup"), "--quiet", *left_out, str(into)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.stderr == ""
    (into / "backup_manifest").unlink()
    server = adopt(into)
    assert server.sql("SELECT count(*) FROM emptied") == [(5000,)]
    assert server.sql("SELECT one FROM dropped") == [(1,)]


def test_a_restored_increment_is_byte_for_byte_what_pg_combinebackup_makes(
    chain: Chain, tmp_path: Path
) -> None:
    into = restored(chain.store, tmp_path / "back", chain.full, chain.increment, follows_log=False)

    full = unpacked(chain.store, chain.full, tmp_path / "full")
    increment = unpacked(chain.store, chain.increment, tmp_path / "increment")
    whole = tmp_path / "whole"
    (link,) = (increment / "pg_tblspc").iterdir()
    mapping = f"--tablespace-mapping={link.readlink()}={tmp_path / 'whole.space'}"
    command = ["--output", whole, mapping, full, increment]
    subprocess.run([programs() / "pg_combinebackup", *map(str, command)], check=True)
    assert files_below(into) == files_below(whole)
    assert differing(into, whole) == []
    ours, theirs = (each / "pg_tblspc" / link.name for each in (into, whole))
    assert files_below(ours) == files_below(theirs)
    assert len(files_below(ours)) > 2
    assert differing(ours, theirs) == []


def test_a_restored_chain_has_the_rows_of_its_source_and_no_bad_page(
    chain: Chain, tmp_path: Path, adopt: Adopt
) -> None:
    into = restored(chain.store, tmp_path / "back", chain.full, chain.increment, follows_log=False)

    server = adopt(into)
    assert server.sql(SUMS) == chain.sums
    assert server.sql("SELECT count(*) FROM unlogged") == [(0,)]
    assert server.sql("SELECT datname FROM pg_database WHERE datname IN ('comes', 'goes')") == [("comes",)]
    server.stop()
    assert "Bad checksums:  0" in server.run("pg_checksums", "--check", "-D", str(server.files)).stdout


def test_a_tablespace_is_not_restored_over_that_of_the_source(chain: Chain, tmp_path: Path) -> None:
    into = restored(chain.store, tmp_path / "back", chain.full, follows_log=False)

    (link,) = (into / "pg_tblspc").iterdir()
    assert link.readlink() == tmp_path / "back.tablespaces" / link.name


def test_recovery_stops_between_two_commits(chain: Chain, tmp_path: Path, adopt: Adopt) -> None:
    chain.cluster.sql("INSERT INTO born VALUES (-1)")
    between = chain.now()
    chain.cluster.sql("INSERT INTO born VALUES (-2)")
    chain.ship()

    into = restored(
        chain.store, tmp_path / "back", chain.full, chain.increment, to=between, binaries=programs()
    )

    assert adopt(into).sql("SELECT id FROM born WHERE id < 0 AND id > -10") == [(-1,)]


def test_a_target_time_after_the_last_commit_replays_the_whole_log(
    chain: Chain, tmp_path: Path, adopt: Adopt
) -> None:
    chain.cluster.sql("INSERT INTO born VALUES (-20)")
    chain.ship()
    idle = chain.now()

    into = restored(chain.store, tmp_path / "back", chain.full, to=idle, binaries=programs())

    # Otherwise the server would refuse: "recovery ended before configured recovery target was reached".
    assert adopt(into).sql("SELECT id FROM born WHERE id = -20") == [(-20,)]


def test_nothing_logged_at_or_after_the_target_position_is_restored(
    chain: Chain, tmp_path: Path, adopt: Adopt
) -> None:
    chain.cluster.sql("INSERT INTO born VALUES (-30)")
    ((until,),) = chain.cluster.sql("SELECT pg_current_wal_insert_lsn()::text")
    chain.cluster.sql("INSERT INTO born VALUES (-31)")
    chain.ship()

    into = restored(chain.store, tmp_path / "back", chain.full, chain.increment, to_lsn=until)

    assert adopt(into).sql("SELECT id FROM born WHERE id IN (-30, -31)") == [(-30,)]


def test_a_gap_in_the_log_is_reported_before_anything_is_written(chain: Chain, tmp_path: Path) -> None:
    chain.cluster.sql("INSERT INTO born VALUES (-40)")
    chain.ship()
    chain.cluster.sql("INSERT INTO born VALUES (-41)")
    chain.ship()
    chain.cluster.sql("INSERT INTO born VALUES (-42)")
    keys = chain.ship()
    broken = chain.copied(tmp_path / "broken")
    broken.delete([keys[-2]])
    name = keys[-2].rpartition("/")[2].removesuffix(".zst")

    for order in (
        {},
        {"to": chain.now()},
        {"to_lsn": chain.cluster.sql("SELECT pg_current_wal_lsn()::text")[0][0]},
    ):
        with pytest.raises(BackupFailed, match=name if "to_lsn" not in order else "記録"):
            restored(broken, tmp_path / "back", chain.full, chain.increment, **order)
        assert not (tmp_path / "back").exists()


def test_a_gap_after_the_target_does_no_harm(chain: Chain, tmp_path: Path, adopt: Adopt) -> None:
    chain.cluster.sql("INSERT INTO born VALUES (-50)")
    wanted = chain.now()
    chain.cluster.sql("INSERT INTO born VALUES (-51)")
    chain.ship()
    chain.cluster.sql("INSERT INTO born VALUES (-52)")
    chain.ship()
    chain.cluster.sql("INSERT INTO born VALUES (-53)")
    keys = chain.ship()
    broken = chain.copied(tmp_path / "broken")
    broken.delete([keys[-2]])

    into = restored(broken, tmp_path / "back", chain.full, to=wanted, binaries=programs())

    assert adopt(into).sql("SELECT id FROM born WHERE id BETWEEN -53 AND -50") == [(-50,)]


def damage(store_root: Path, key: str) -> None:
    path = store_root / key
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("which", ["full", "increment"])
def test_a_damaged_object_is_found_by_verify_and_by_restore(chain: Chain, tmp_path: Path, which: str) -> None:
    taken: TakenBackup = getattr(chain, which)
    key = max(taken.objects, key=lambda stored: stored.size).key
    broken = chain.copied(tmp_path / "broken")
    damage(tmp_path / "broken", key)

    found = verify(broken, taken, Watching())

    assert not found.is_whole
    assert all(key in str(trouble) for trouble in found.troubles)
    with pytest.raises(BackupFailed, match=key):
        restored(broken, tmp_path / "back", chain.full, chain.increment, follows_log=False)
    assert not (tmp_path / "back" / "global" / "pg_control").exists()


def test_an_undamaged_backup_passes_verify(chain: Chain) -> None:
    assert verify(chain.store, chain.full, Watching()).troubles == ()
    assert verify(chain.store, chain.increment, Watching()).troubles == ()


def test_a_missing_object_is_found_by_verify(chain: Chain, tmp_path: Path) -> None:
    broken = chain.copied(tmp_path / "broken")
    broken.delete([chain.increment.objects[0].key])

    found = verify(broken, chain.increment, Watching())

    assert not found.is_whole
    assert chain.increment.objects[0].key in str(found.troubles[0])


def test_an_increment_without_its_full_backup_is_refused(chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=chain.full.label):
        restored(chain.store, tmp_path / "back", chain.increment)


def test_an_increment_over_another_full_backup_is_refused(chain: Chain, tmp_path: Path) -> None:
    other = replace(chain.full, label="20000101T000000Z-full")

    with pytest.raises(BackupFailed, match=r"20000101T000000Z-full の上に取られたものではありません"):
        restored(chain.store, tmp_path / "back", other, chain.increment)


def test_a_folder_that_is_not_empty_is_left_untouched(chain: Chain, tmp_path: Path) -> None:
    into = tmp_path / "back"
    into.mkdir()
    (into / "precious").write_text("data")

    with pytest.raises(BackupFailed, match="空ではありません"):
        restored(chain.store, into, chain.full, follows_log=False)
    assert (into / "precious").read_text() == "data"


def test_a_killed_restore_starts_again_from_the_beginning(chain: Chain, tmp_path: Path, adopt: Adopt) -> None:
    into = tmp_path / "back"
    program = Path(__file__).with_name("restorer.py")
    process = subprocess.Popen([sys.executable, program, chain.root, into], stdin=subprocess.PIPE)
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(pickle.dumps(chain.full))
    for _ in range(2000):
        if (into / "base").exists():
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (into / UNFINISHED).exists()
    assert not (into / "global" / "pg_control").exists()

    restored(chain.store, into, chain.full, chain.increment, follows_log=False)

    assert not (into / UNFINISHED).exists()
    assert adopt(into).sql(SUMS) == chain.sums


def test_a_full_disk_is_reported_and_leaves_nothing_that_could_start(chain: Chain, small_disk: Path) -> None:
    with pytest.raises(BackupFailed, match="書けません"):
        restored(chain.store, small_disk / "back", chain.full, follows_log=False)
    assert not (small_disk / "back" / "global" / "pg_control").exists()


def test_a_log_that_ends_before_the_position_is_refused(chain: Chain, tmp_path: Path) -> None:
    chain.ship()
    far = lsn_text(position(str(chain.cluster.sql("SELECT pg_current_wal_lsn()::text")[0][0])) + (1 << 40))

    with pytest.raises(BackupFailed, match=far):
        restored(chain.store, tmp_path / "back", chain.full, to_lsn=far)


def test_a_target_time_that_no_log_reaches_is_refused(chain: Chain, tmp_path: Path) -> None:
    elsewhere = replace(chain.full, system_id="1")

    with pytest.raises(BackupFailed, match="保存先に一つもありません"):
        restored(chain.store, tmp_path / "back", elsewhere, to=chain.now() + timedelta(hours=1))


def test_a_backup_without_an_end_position_is_refused(chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="どこで終わる"):
        restored(chain.store, tmp_path / "back", replace(chain.full, end=None))


def test_a_restore_stops_on_a_stop_request(chain: Chain, tmp_path: Path) -> None:
    order = RestoreOrder(chain=[chain.full], into=tmp_path / "back", follows_log=False)

    with pytest.raises(BackupFailed, match="途中で止めました"):
        restore(chain.store, "PostgreSQL", order, Watching(stops_after=3))


def test_the_log_of_a_promoted_standby_is_followed(chain: Chain, tmp_path: Path, adopt: Adopt) -> None:
    chain.ship()
    promoted = adopt(restored(chain.store, tmp_path / "standby", chain.full, chain.increment))
    promoted.sql("INSERT INTO born VALUES (-60)")
    mine = replace_cluster(chain, promoted, chain.copied(tmp_path / "store"))
    mine.ship()
    history = next((promoted.files / "pg_wal").glob("*.history"))
    folder = f"PostgreSQL/wal/{chain.full.system_id}"
    mine.store.put(f"{folder}/{history.name}", history.read_bytes())

    into = restored(mine.store, tmp_path / "back", chain.full, chain.increment)

    assert adopt(into).sql("SELECT id FROM born WHERE id = -60") == [(-60,)]


def replace_cluster(chain: Chain, cluster: Cluster, store: DirectoryStore) -> Chain:
    return Chain(cluster, store, chain.root, chain.full, chain.increment, chain.sums)


def test_page_checksums_are_computed_as_the_server_does(chain: Chain) -> None:
    chain.cluster.sql("CHECKPOINT")
    ((path,),) = chain.cluster.sql("SELECT pg_relation_filepath('sparse')")
    content = bytearray((chain.cluster.files / str(path)).read_bytes())
    numbers = range(len(content) // BLOCK)

    assert pages.damaged(bytes(content), numbers, before=1 << 63) == []
    content[7 * BLOCK + 5000] ^= 1
    # A page in the place of another is damaged, too.
    content[9 * BLOCK : 10 * BLOCK] = content[10 * BLOCK : 11 * BLOCK]
    assert pages.damaged(bytes(content), numbers, before=1 << 63) == [7, 9]
