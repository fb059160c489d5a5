"""A database dumped to the store and restored, in every format."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.integration.chapters.backup import postgres18
from tests.integration.chapters.backup.debian17 import PASSWORD, Cluster
from tests.integration.chapters.backup.engines.pg_dump.conftest import ROWS, EngineOf
from tests.integration.chapters.backup.engines.watching import Watching, text_of

from toban.chapters.backup.engine import BackupFailed, Method, RestoreOrder
from toban.engine.stores.directory import DirectoryStore
from toban.message import Message

LABEL = "20261125T020000Z-full"
FORMS = ["custom", "directory", "plain"]


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
@pytest.mark.parametrize("form", FORMS)
def test_a_database_is_restored_as_it_was_at_the_snapshot(
    source: Cluster, engine_of: EngineOf, empty: str, tmp_path: Path, form: str, compression: str
) -> None:
    engine = engine_of(format=form, compression=compression)
    before = datetime.now(UTC)

    taken = engine.take(LABEL, Method.FULL, None, Watching())
    restored = engine.restore(RestoreOrder(chain=[taken], into=tmp_path / "work", server=empty), Watching())

    assert before - timedelta(seconds=1) <= taken.restorable_to <= datetime.now(UTC)
    assert engine.verify(taken, Watching()).is_whole
    digest = "SELECT count(*), md5(string_agg(digest, '' ORDER BY id)) FROM orders"
    assert source.sql(digest, database="restored") == source.sql(digest)
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'customers'"
    assert source.sql(owner, database="restored") == [("shop",)]
    assert list(restored.phases) == ["fetch", "restore", "analyze", "check"]
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.slow
def test_the_record_of_a_dump_describes_its_content(engine_of: EngineOf, store: DirectoryStore) -> None:
    taken = engine_of().take(LABEL, Method.FULL, None, Watching())

    assert {"schema": "public", "table": "orders", "rows": ROWS} in list(taken.facts["rows"])  # type: ignore[call-overload]
    assert taken.facts["roles"] == ["postgres", "shop"]
    assert taken.facts["compression"] == "zstd"
    assert [each.key for each in taken.objects] == ["顧客!20DB/20261125T020000Z-full/database.dump"]
    assert [(each.key, each.size) for each in store.listing("")] == [
        (each.key, each.size) for each in taken.objects
    ]
    assert taken.server_version == "17.12" or taken.server_version.startswith("17.")


@pytest.mark.slow
def test_a_pg_dump_without_zstd_compresses_with_gzip(
    source: Cluster, engine_of: EngineOf, empty: str, tmp_path: Path
) -> None:
    engine = engine_of(binaries=postgres18.programs())

    taken = engine.take(LABEL, Method.FULL, None, Watching())

    assert (taken.facts["compression"], taken.engine_version[:2]) == ("gzip", "18")
    assert engine.verify(taken, Watching()).is_whole


@pytest.mark.slow
def test_zstd_is_refused_when_pg_dump_does_not_support_it(engine_of: EngineOf) -> None:
    engine = engine_of(binaries=postgres18.programs(), compression="zstd")

    assert ["zstd" in doubt and "HINT:" in doubt for doubt in map(text_of, engine.doubts())] == [True]
    with pytest.raises(BackupFailed, match="zstd"):
        engine.take(LABEL, Method.FULL, None, Watching())


@pytest.mark.slow
def test_a_pg_dump_older_than_the_server_is_refused_beforehand(
    debian: object, engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = postgres18.Cluster().make().start()
    try:
        engine = engine_of()
        monkeypatch.setenv("BACKUP_DSN", newer.dsn)

        (doubt,) = engine.doubts()

        assert "HINT: PostgreSQL 18" in text_of(doubt)
        with pytest.raises(BackupFailed, match="より新しいサーバー"):
            engine.take(LABEL, Method.FULL, None, Watching())
    finally:
        newer.remove()


@pytest.mark.slow
def test_a_restore_into_an_older_server_is_refused_before_it_starts(
    source: Cluster, engine_of: EngineOf, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = postgres18.Cluster().make().start()
    try:
        engine = engine_of(binaries=postgres18.programs())
        monkeypatch.setenv("BACKUP_DSN", newer.dsn)
        taken = engine.take(LABEL, Method.FULL, None, Watching())

        with pytest.raises(BackupFailed, match="より古い版です"):
            engine.restore(RestoreOrder(chain=[taken], into=tmp_path / "work", server=empty), Watching())
    finally:
        newer.remove()


@pytest.mark.slow
def test_a_restore_into_a_database_that_is_not_empty_is_refused(
    source: Cluster, engine_of: EngineOf, empty: str, tmp_path: Path
) -> None:
    engine = engine_of()
    taken = engine.take(LABEL, Method.FULL, None, Watching())
    source.sql("CREATE TABLE precious (id int)", database="restored")

    with pytest.raises(BackupFailed, match="空ではありません") as refusal:
        engine.restore(RestoreOrder(chain=[taken], into=tmp_path / "work", server=empty), Watching())

    assert not refusal.value.retry
    assert source.sql("SELECT count(*) FROM pg_class WHERE relname = 'orders'", database="restored") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["custom", "directory"])
def test_rows_are_restored_without_owners_when_the_roles_are_missing(
    engine_of: EngineOf, tmp_path: Path, form: str
) -> None:
    elsewhere = postgres18.Cluster().make().start()
    try:
        engine = engine_of(format=form)
        taken = engine.take(LABEL, Method.FULL, None, Watching())
        watch = Watching()

        engine.restore(RestoreOrder(chain=[taken], into=tmp_path / "work", server=elsewhere.dsn), watch)

        assert elsewhere.sql("SELECT count(*) FROM customers") == [(10,)]
        assert any("shop" in line for line in watch.lines)
    finally:
        elsewhere.remove()


@pytest.mark.slow
def test_a_plain_sql_dump_without_its_roles_is_refused_with_the_roles_to_create(
    engine_of: EngineOf, tmp_path: Path
) -> None:
    elsewhere = postgres18.Cluster().make().start()
    try:
        engine = engine_of(format="plain")
        taken = engine.take(LABEL, Method.FULL, None, Watching())

        with pytest.raises(BackupFailed, match="shop\nHINT: CREATE ROLE"):
            engine.restore(
                RestoreOrder(chain=[taken], into=tmp_path / "work", server=elsewhere.dsn), Watching()
            )
        assert elsewhere.sql("SELECT count(*) FROM pg_class WHERE relname = 'orders'") == [(0,)]
    finally:
        elsewhere.remove()


@pytest.mark.slow
def test_a_restore_with_missing_rows_fails(engine_of: EngineOf, empty: str, tmp_path: Path) -> None:
    engine = engine_of()
    taken = engine.take(LABEL, Method.FULL, None, Watching())
    rows = [{"schema": "public", "table": "orders", "rows": ROWS + 1}]
    tampered = type(taken)(
        **{**{name: getattr(taken, name) for name in taken.__slots__}, "facts": {**taken.facts, "rows": rows}}
    )

    with pytest.raises(BackupFailed, match=rf"public.orders: {ROWS} 行 \(写したときは {ROWS + 1} 行\)"):
        engine.restore(RestoreOrder(chain=[tampered], into=tmp_path / "work", server=empty), Watching())


@pytest.mark.slow
def test_the_password_appears_in_no_command_line_and_no_error(
    source: Cluster, engine_of: EngineOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = source.dsn.replace(PASSWORD, "wr0ng-s3cret")
    engine = engine_of()
    monkeypatch.setenv("BACKUP_DSN", wrong)

    with pytest.raises(BackupFailed) as failure:
        engine.take(LABEL, Method.FULL, None, Watching())

    assert "password authentication failed" in str(failure.value)
    assert "wr0ng-s3cret" not in str(failure.value)
    assert all("wr0ng-s3cret" not in text_of(doubt) for doubt in engine.doubts())


@pytest.mark.slow
def test_a_locked_table_does_not_delay_the_check_for_doubts(source: Cluster, engine_of: EngineOf) -> None:
    source.sql("CREATE TABLE busy (id int)")
    with psycopg.connect(source.dsn) as other:
        other.execute("LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")

        assert engine_of().doubts() == ()
    source.sql("DROP TABLE busy")


@pytest.mark.slow
def test_tables_the_role_may_not_read_raise_a_doubt_and_fail_the_dump(
    source: Cluster, engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.sql(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'", "GRANT SELECT ON customers TO reader")
    engine = engine_of()
    monkeypatch.setenv("BACKUP_DSN", source.dsn.replace("//postgres:", "//reader:"))

    (doubt,) = engine.doubts()

    assert "public.orders" in text_of(doubt)
    assert "public.customers" not in text_of(doubt)
    assert "HINT: GRANT pg_read_all_data" in text_of(doubt)
    with pytest.raises(BackupFailed, match="permission denied for table orders"):
        engine.take(LABEL, Method.FULL, None, Watching())
    source.sql("GRANT pg_read_all_data TO reader")
    assert engine.doubts() == ()
    source.sql("DROP OWNED BY reader", "DROP ROLE reader")


def test_an_unreachable_store_raises_a_doubt(engine_of: EngineOf, store: DirectoryStore) -> None:
    Path(store.name).rmdir()

    (doubt,) = engine_of().doubts()

    assert store.name in text_of(doubt)
    Path(store.name).mkdir()


def test_missing_programs_raise_a_doubt(engine_of: EngineOf, tmp_path: Path) -> None:
    (doubt,) = engine_of(binaries=tmp_path).doubts()

    assert doubt == Message("backup-engines.program-not-runnable", program="pg_dump")
