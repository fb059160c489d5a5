"""A database to dump, and the engine on it."""

from collections.abc import Callable, Iterator

import pytest
from tests.integration.chapters.backup.debian17 import Cluster, Debian17

from toban.chapters.backup.engines.pg_dump import KIND
from toban.chapters.backup.engines.pg_dump.engine import PgDump
from toban.engine.stores.directory import DirectoryStore
from toban.engine.stores.store import Store

SUBJECT = "顧客 DB"
ROWS = 200_000

type EngineOf = Callable[..., PgDump]


@pytest.fixture(scope="module")
def source(server17: Cluster) -> Cluster:
    """A server with a table of some 8 MB, and a role that owns another."""
    server17.sql(
        "CREATE TABLE orders (id int PRIMARY KEY, digest text)",
        "INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 200000) n",
        "CREATE ROLE shop",
        "CREATE TABLE customers AS SELECT n AS id FROM generate_series(1, 10) n",
        "ALTER TABLE customers OWNER TO shop",
    )
    return server17


@pytest.fixture
def engine_of(
    source: Cluster, debian: Debian17, store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> EngineOf:
    """Builds engines for the database; the given keys override those of the config."""

    def make(into: Store = store, **keys: object) -> PgDump:
        monkeypatch.setenv("BACKUP_DSN", source.dsn)
        config = KIND.config.model_validate({"dsn": "env:BACKUP_DSN", "binaries": debian.binaries, **keys})
        engine = KIND.build(SUBJECT, config, into)
        assert isinstance(engine, PgDump)
        return engine

    return make


@pytest.fixture
def empty(source: Cluster) -> Iterator[str]:
    """The DSN of an empty database."""
    source.sql("CREATE DATABASE restored")
    yield source.database("restored")
    source.sql("DROP DATABASE restored WITH (FORCE)")
