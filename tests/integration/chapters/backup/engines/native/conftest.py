"""Servers to back up, and a folder to back them up into."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.chapters.backup.postgres18 import Cluster

from toban.chapters.backup.engines.native.taking.pack import Compression
from toban.chapters.backup.engines.native.taking.take import ClusterSource
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import Store


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    folder = tmp_path / "store"
    folder.mkdir()
    return DirectoryStore(DirectoryConfig(path=folder))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A running server with some rows; each test may add to them."""
    cluster = Cluster().make().start()
    cluster.sql(
        "CREATE TABLE orders AS SELECT id, md5(id::text) AS item FROM generate_series(1, 50000) AS id"
    )
    yield cluster
    cluster.remove()


type NewCluster = Callable[..., Cluster]


@pytest.fixture
def new_cluster() -> Iterator[NewCluster]:
    """A function that creates and starts a separate server with the given settings."""
    made: list[Cluster] = []

    def make(
        *, checksums: bool = True, segment_mib: int = 16, anew: bool = False, **settings: str
    ) -> Cluster:
        cluster = Cluster(checksums=checksums, segment_mib=segment_mib, **settings)
        made.append(cluster)
        return cluster.make(anew=anew).start()

    yield make
    for cluster in made:
        cluster.remove()


@pytest.fixture
def standby_of() -> Iterator[Callable[[Cluster], Cluster]]:
    """A function that creates and starts a standby of a server."""
    made: list[Cluster] = []

    def make(primary: Cluster) -> Cluster:
        standby = Cluster()
        made.append(standby)
        standby.files.rmdir()
        standby.run(
            "pg_basebackup",
            f"--pgdata={standby.files}",
            f"--dbname={primary.superuser}",
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--no-sync",
        )
        return standby.start()

    yield make
    for standby in made:
        standby.remove()


def source(dsn: str, store: Store, **compression: int) -> ClusterSource:
    return ClusterSource(
        "PostgreSQL", dsn, store, Compression(**{"level": 1, "threads": 2, **compression}), "fast"
    )


def label(method: str) -> str:
    return f"20261125T{secrets.token_hex(3)}Z-{method}"
