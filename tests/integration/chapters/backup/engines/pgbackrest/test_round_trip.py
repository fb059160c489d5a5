"""Full and incremental backups with pgBackRest, restored to a running server."""

from datetime import UTC, datetime

import pytest
from tests.integration.chapters.backup.debian17 import PASSWORD, Cluster
from tests.integration.chapters.backup.engines.pgbackrest_source import STANZA, Backed
from tests.integration.chapters.backup.engines.watching import Watching, text_of

from toban.chapters.backup.engine import BackupFailed, Method, NeedsFull, RestoreOrder
from toban.message import Message

FULL, INCREMENT = "20261125T020000Z-full", "20261125T030000Z-incr"
DIGEST = "SELECT count(*), md5(string_agg(digest, '' ORDER BY id)) FROM orders"


def test_full_and_increment_are_restored_to_the_end_of_the_log(own_backed: Backed) -> None:
    engine, source = own_backed.engine(), own_backed.cluster
    full = engine.take(FULL, Method.FULL, None, Watching())
    source.sql("UPDATE orders SET digest = 'changed' WHERE id % 100 = 0")
    watch = Watching()

    increment = engine.take(INCREMENT, Method.INCREMENTAL, full, watch)

    source.sql("UPDATE orders SET digest = 'later' WHERE id = 1", "SELECT pg_switch_wal()")
    source.wait_for("SELECT last_archived_wal >= pg_walfile_name('0/1') FROM pg_stat_archiver")
    source.stop()
    into = own_backed.empty_folder("latest")
    restored = engine.restore(RestoreOrder(chain=[full, increment], into=into), Watching())
    assert restored.folder == into
    assert list(restored.phases) == ["restore"]
    server = own_backed.serve(into)
    source.start()
    assert server.sql(DIGEST) == source.sql(DIGEST)
    assert server.sql("SHOW archive_mode") == [("off",)]
    server.stop()
    assert (increment.parent, increment.method) == (FULL, Method.INCREMENTAL)
    assert [percent for percent, _ in watch.told][-1:] == [100.0]
    assert [engine.verify(each, Watching()).troubles for each in (full, increment)] == [[], []]


@pytest.mark.slow
def test_a_past_moment_is_restored(backed: Backed) -> None:
    engine, source = backed.engine(), backed.cluster
    full = engine.take("20261124T020000Z-full", Method.FULL, None, Watching())
    source.sql("INSERT INTO orders VALUES (-1, 'before')")
    ((moment,),) = source.sql("SELECT clock_timestamp()")
    source.sql("INSERT INTO orders VALUES (-2, 'after')", "SELECT pg_switch_wal()")
    source.wait_for("SELECT last_archived_time > now() - interval '1 minute' FROM pg_stat_archiver")
    assert isinstance(moment, datetime)

    into = backed.empty_folder("past")
    engine.restore(RestoreOrder(chain=[full], into=into, to=moment), Watching())

    server = backed.serve(into)
    assert server.sql("SELECT digest FROM orders WHERE id < 0") == [("before",)]
    server.stop()


@pytest.mark.slow
def test_a_chain_without_log_is_restored_as_it_was_at_its_end(backed: Backed) -> None:
    engine, source = backed.engine(), backed.cluster
    full = engine.take("20261124T030000Z-full", Method.FULL, None, Watching())
    source.sql("CREATE TABLE afterwards (id int)", "SELECT pg_switch_wal()")

    into = backed.empty_folder("alone")
    engine.restore(RestoreOrder(chain=[full], into=into, follows_log=False), Watching())

    server = backed.serve(into)
    assert server.sql("SELECT to_regclass('afterwards')") == [(None,)]
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("follows_log", [True, False])
def test_a_server_that_pauses_is_readable_and_takes_writes_once_promoted(
    backed: Backed, follows_log: bool
) -> None:
    engine = backed.engine()
    full = engine.take(f"2026112{follows_log:d}T070000Z-full", Method.FULL, None, Watching())
    into = backed.empty_folder(f"paused{follows_log:d}")

    engine.restore(RestoreOrder(chain=[full], into=into, follows_log=follows_log, pauses=True), Watching())

    server = Cluster(backed.cluster.debian, into.name)
    server.start()
    if follows_log:
        # At the end of the log only a standby waits.
        assert (into / "standby.signal").exists()
    else:
        server.wait_for("SELECT pg_get_wal_replay_pause_state() = 'paused'")
    assert server.sql("SELECT count(*) >= 200000 FROM orders") == [(True,)]
    assert server.sql("SELECT pg_is_in_recovery()") == [(True,)]
    assert server.sql("SELECT pg_promote()") == [(True,)]
    server.wait_for("SELECT NOT pg_is_in_recovery()")
    server.stop()


@pytest.mark.slow
def test_tablespaces_are_restored_next_to_the_cluster_and_not_over_the_source(own_backed: Backed) -> None:
    source = own_backed.cluster
    place = own_backed.empty_folder("space")
    source.sql(
        f"CREATE TABLESPACE side LOCATION '{place}'", "CREATE TABLE aside TABLESPACE side AS SELECT 1 AS n"
    )
    engine = own_backed.engine()
    full = engine.take(FULL, Method.FULL, None, Watching())
    before = sorted(path.name for path in place.rglob("*"))

    into = own_backed.empty_folder("spaced")
    engine.restore(RestoreOrder(chain=[full], into=into, follows_log=False), Watching())

    server = own_backed.serve(into)
    assert server.sql("SELECT n FROM aside") == [(1,)]
    ((location,),) = server.sql("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE oid > 16383")
    assert str(location).startswith(f"{into}.tablespaces")
    server.stop()
    assert sorted(path.name for path in place.rglob("*")) == before


@pytest.mark.slow
def test_the_record_of_a_backup_matches_pgbackrest_info(backed: Backed) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    full = backed.engine().take("20261124T040000Z-full", Method.FULL, None, Watching())

    assert before <= full.started_at <= full.ended_at == full.restorable_to <= datetime.now(UTC)
    assert full.start is not None
    assert full.end is not None
    assert (full.start.timeline, full.server_version) == (1, "17")
    ((system_id,),) = backed.cluster.sql("SELECT system_identifier::text FROM pg_control_system()")
    assert full.system_id == system_id
    (stored,) = full.objects
    assert stored.key == f"{STANZA}/{full.facts['pgbackrest']}"
    assert 0 < stored.size < full.source_bytes


@pytest.mark.slow
def test_a_backup_finished_by_an_earlier_attempt_is_not_made_again(backed: Backed) -> None:
    engine = backed.engine()
    first = engine.take("20261124T050000Z-full", Method.FULL, None, Watching())

    again = engine.take("20261124T050000Z-full", Method.FULL, None, Watching())

    assert again == first


@pytest.mark.slow
def test_removing_a_backup_also_removes_log_that_nothing_else_needs(own_backed: Backed) -> None:
    engine, source = own_backed.engine(), own_backed.cluster
    old = engine.take("20261123T020000Z-full", Method.FULL, None, Watching())
    source.sql("CREATE TABLE more AS SELECT 1", "SELECT pg_switch_wal()")
    new = engine.take(FULL, Method.FULL, None, Watching())

    engine.remove(old)
    engine.remove(old)

    segments = sorted(path.name[:24] for path in own_backed.repo.glob("archive/*/*/*/0*"))
    assert new.start is not None
    assert not engine.verify(old, Watching()).is_whole
    assert engine.verify(new, Watching()).troubles == []
    assert segments[0][16:] == f"{int(new.start.lsn.partition('/')[2], 16) >> 24:08X}"


@pytest.mark.slow
def test_the_last_full_backup_is_not_removed(own_backed: Backed) -> None:
    engine = own_backed.engine()
    only = engine.take(FULL, Method.FULL, None, Watching())

    with pytest.raises(BackupFailed, match="最後のフルバックアップ"):
        engine.remove(only)

    assert engine.verify(only, Watching()).is_whole


@pytest.mark.slow
def test_a_restore_into_a_folder_that_is_not_empty_is_refused(backed: Backed) -> None:
    engine = backed.engine()
    full = engine.take("20261124T060000Z-full", Method.FULL, None, Watching())
    into = backed.empty_folder("precious")
    (into / "PG_VERSION").write_text("17")

    with pytest.raises(BackupFailed, match="空ではありません"):
        engine.restore(RestoreOrder(chain=[full], into=into), Watching())

    assert [path.name for path in into.iterdir()] == ["PG_VERSION"]


@pytest.mark.slow
def test_an_increment_without_a_full_backup_asks_for_one(own_backed: Backed) -> None:
    with pytest.raises(NeedsFull, match="フルバックアップがありません"):
        own_backed.engine().take(INCREMENT, Method.INCREMENTAL, None, Watching())


@pytest.mark.slow
def test_the_newest_moment_is_where_the_archived_log_ends(
    backed: Backed, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = backed.cluster
    monkeypatch.setenv("SHOP_DSN", source.dsn)
    engine = backed.engine(dsn="env:SHOP_DSN")
    source.sql("INSERT INTO orders VALUES (-10, 'handed over')")
    ((before,),) = source.sql("SELECT clock_timestamp()")
    ((segment,),) = source.sql("SELECT pg_walfile_name(pg_switch_wal())")
    source.wait_for(f"SELECT last_archived_wal = '{segment}' FROM pg_stat_archiver")  # noqa: S608
    idle = engine.newest_moment()
    source.sql("INSERT INTO orders VALUES (-11, 'not yet')")
    ((after,),) = source.sql("SELECT clock_timestamp()")

    busy = engine.newest_moment()

    assert isinstance(before, datetime)
    assert isinstance(after, datetime)
    assert idle is not None
    assert busy is not None
    # The server reports file times in whole seconds.
    assert before.replace(microsecond=0) <= busy <= idle < after
    assert backed.engine().newest_moment() is None


@pytest.mark.slow
def test_an_unreachable_server_raises_a_doubt_without_showing_its_password(
    backed: Backed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DSN", backed.cluster.dsn.replace(PASSWORD, "wr0ng-s3cret"))

    (doubt,) = backed.engine(dsn="env:SHOP_DSN").doubts()

    assert "password authentication failed" in text_of(doubt)
    assert "wr0ng-s3cret" not in text_of(doubt)


@pytest.mark.slow
def test_a_missing_stanza_raises_a_doubt_with_a_hint(backed: Backed) -> None:
    assert backed.engine().doubts() == ()

    (doubt,) = backed.engine(stanza="nobody").doubts()

    assert "HINT: " in text_of(doubt)
    assert "stanza-create" in text_of(doubt)


def test_a_missing_program_raises_a_doubt(backed: Backed) -> None:
    (doubt,) = backed.engine(command=("/no/such/pgbackrest",)).doubts()

    assert doubt == Message("backup-engines.program-not-runnable", program="pgbackrest")
