"""Statistics of a real PostgreSQL 18."""

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.postgresql.config import PostgresqlConfig
from toban.chapters.monitoring.sources.postgresql.source import PostgresqlSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def source(dsn: str, monkeypatch: pytest.MonkeyPatch, **config: object) -> PostgresqlSource:
    monkeypatch.setenv("SHOP_DSN", dsn)
    return PostgresqlSource(PostgresqlConfig.model_validate({"dsn": "env:SHOP_DSN", **config}))


def by_metric(measured: Sequence[Measurement]) -> dict[Metric, float]:
    return {each.metric: each.value for each in measured}


def test_connections_are_counted_including_tobans_own(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = source(postgres_dsn, monkeypatch)
    alone = by_metric(db.measure(NOON))[Metric.CONNECTIONS]

    with psycopg.connect(postgres_dsn), psycopg.connect(postgres_dsn):
        found = by_metric(db.measure(NOON))
    db.close()

    assert found[Metric.CONNECTIONS] == alone + 2
    assert alone >= 1
    assert found[Metric.UP] == 1.0


def test_a_server_without_standbys_has_no_lag(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = source(postgres_dsn, monkeypatch)

    assert Metric.REPLICATION_LAG not in by_metric(db.measure(NOON))
    db.close()


def test_its_connection_identifies_itself_is_read_only_and_times_out(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = source(postgres_dsn, monkeypatch, timeout=3)
    db.measure(NOON)

    assert db._connection is not None
    shown = [
        db._connection.execute(f"SHOW {name}").fetchone()
        for name in ("application_name", "default_transaction_read_only", "statement_timeout")
    ]
    db.close()
    assert shown == [("toban",), ("on",), ("3s",)]


def test_a_connection_closed_by_the_server_is_reopened(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = source(postgres_dsn, monkeypatch)
    db.measure(NOON)
    with psycopg.connect(postgres_dsn) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'toban'"
        )

    with pytest.raises(Unmeasurable) as caught:
        db.measure(NOON)
    found = by_metric(db.measure(NOON))
    db.close()

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0}
    assert found[Metric.UP] == 1.0


def test_a_role_without_rights_is_reported_with_the_grant_it_needs(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("CREATE ROLE veiled LOGIN")
        admin.execute("CREATE ROLE sighted LOGIN IN ROLE pg_monitor")
    with psycopg.connect(postgres_dsn):
        veiled = source(make_conninfo(postgres_dsn, user="veiled"), monkeypatch)
        with pytest.raises(Unmeasurable, match="GRANT pg_monitor"):
            veiled.measure(NOON)
        veiled.close()
        sighted = source(make_conninfo(postgres_dsn, user="sighted"), monkeypatch)
        assert Metric.CONNECTIONS in by_metric(sighted.measure(NOON))
        sighted.close()


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://shop:hunter2@127.0.0.1:1/shop",
        "postgresql://shop:hunter2@[not-a-host/shop?nonsense=hunter2",
        "host=/nonexistent password=hunter2",
    ],
)
def test_no_error_shows_the_password(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = source(dsn, monkeypatch)

    with pytest.raises(Unmeasurable) as caught:
        db.measure(NOON)

    assert "hunter2" not in f"{caught.value} {caught.value.measured} {db.instance}"


def test_a_missing_connection_string_is_reported_and_does_not_crash(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = source(postgres_dsn, monkeypatch)
    monkeypatch.delenv("SHOP_DSN")

    with pytest.raises(Unmeasurable, match="SHOP_DSN"):
        db.measure(NOON)
