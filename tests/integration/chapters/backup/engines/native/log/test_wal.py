"""The log of a real server, stored while it is written."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import zstandard
from tests.integration.chapters.backup.engines.native.bringing_back import SUMS, unpacked
from tests.integration.chapters.backup.engines.native.conftest import NewCluster, label, source
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster
from tests.waiting import eventually

from toban.chapters.backup.engine import BackupFailed, Method, TakenBackup, WalPosition
from toban.chapters.backup.engines.native.log.wal import WalSource, follow
from toban.chapters.backup.engines.native.protocol.segments import (
    LogObject,
    WalSegment,
    assemble,
    position,
    read_key,
)
from toban.chapters.backup.engines.native.taking.take import take
from toban.chapters.backup.following.following import FollowerBusy
from toban.engine.stores.directory import DirectoryStore
from toban.engine.stores.store import Store
from toban.message import Message

SIZE = 1 << 20
SENT = "SELECT sent_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication"


@dataclass
class Book:
    """Stores in memory what the catalogue stores in the state database."""

    stretches: list[tuple[WalPosition, str, datetime]] = field(default_factory=list)
    broken: list[Message] = field(default_factory=list)
    troubles: list[Message | None] = field(default_factory=list)
    systems: set[str] = field(default_factory=set)

    def end(self, system_id: str) -> WalPosition | None:
        self.systems.add(system_id)
        if not self.stretches:
            return None
        first, last, _ = self.stretches[-1]
        return WalPosition(first.timeline, last)

    def goes_on(self, system_id: str, first: WalPosition, last_lsn: str, durable_to: datetime | None) -> None:
        self.systems.add(system_id)
        if self.stretches:
            begun, ended, reached = self.stretches[-1]
            joins = position(begun.lsn) <= position(first.lsn) <= position(ended)
            if begun.timeline == first.timeline and joins:
                last = max(last_lsn, ended, key=position)
                self.stretches[-1] = (begun, last, durable_to or reached)
                return
            durable_to = durable_to or reached
        if durable_to is not None:
            self.stretches.append((first, last_lsn, durable_to))

    def breaks(self, system_id: str, why: Message) -> None:
        self.systems.add(system_id)
        self.broken.append(why)
        self.stretches.clear()

    def shows(self, trouble: Message | None) -> None:
        self.troubles.append(trouble)

    @property
    def durable_to(self) -> datetime | None:
        return self.stretches[-1][2] if self.stretches else None


class Follower:
    """Follows a log in a thread until it is stopped."""

    def __init__(
        self, dsn: str, store: Store, book: Book, *, pieces_every: float = 0.1, stuck_after: float = 60.0
    ) -> None:
        self.failure: Exception | None = None
        self._stop = threading.Event()
        self._source = WalSource("PostgreSQL", dsn, "toban", store, 1, pieces_every, stuck_after)
        self._book = book
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def why_stop(self) -> object | None:
        return "stopped" if self._stop.is_set() else None

    def stop(self) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def _follow(self) -> None:
        try:
            follow(self._source, self._book, self)
        except (BackupFailed, FollowerBusy) as error:
            self.failure = error


@contextmanager
def following(
    dsn: str, store: Store, book: Book, *, pieces_every: float = 0.1, stuck_after: float = 60.0
) -> Iterator[Follower]:
    follower = Follower(dsn, store, book, pieces_every=pieces_every, stuck_after=stuck_after)
    try:
        yield follower
    finally:
        follower.stop()


def until_durable(book: Book, since: datetime) -> None:
    """Wait until everything committed before *since* is reported as restorable."""
    eventually(lambda: book.durable_to is not None and book.durable_to >= since)


@pytest.fixture
def cluster(new_cluster: NewCluster) -> Cluster:
    """A server with small segments, so that few rows fill many."""
    made = new_cluster(segment_mib=1)
    made.sql("CREATE TABLE orders (id bigint, item text)")
    return made


def fill(cluster: Cluster, rows: int = 50_000) -> None:
    cluster.sql(f"INSERT INTO orders SELECT id, md5(id::text) FROM generate_series(1, {rows}) AS id")  # noqa: S608


def log_of(store: Store, timeline: int = 1) -> dict[str, bytes]:
    """Return every segment in the store, joined from its pieces if it is incomplete."""
    found: dict[str, dict[int, bytes]] = {}
    for listed in store.listing("PostgreSQL/wal/"):
        name = read_key(listed.key)
        if name is not None and int(name.segment[:8], 16) == timeline:
            content = zstandard.decompress(store.read(listed.key))
            found.setdefault(name.segment, {})[name.offset or 0] = content
    return {segment: assemble(pieces, SIZE)[0] for segment, pieces in sorted(found.items())}


def assert_without_gap(log: dict[str, bytes]) -> None:
    segments = [WalSegment.named(name, SIZE) for name in log]
    assert segments == [
        WalSegment(segments[0].timeline, segments[0].number + count, SIZE) for count in range(len(segments))
    ]


def recovered(store: Store, taken: TakenBackup) -> Cluster:
    """Restore *taken*, and replay the stored log to its end, across its timelines."""
    other = Cluster()
    archive = other.folder / "archive"
    archive.mkdir()
    archive.chmod(0o755)
    for timeline in (1, 2):
        for name, content in log_of(store, timeline).items():
            (archive / name).write_bytes(content)
    for listed in store.listing("PostgreSQL/wal/"):
        if listed.key.endswith(".history"):
            (archive / Path(listed.key).name).write_bytes(store.read(listed.key))
    files = unpacked(store, taken, other.folder / "restored")
    (files / "recovery.signal").touch()
    other.adopt(files).start(restore_command=f"cp {archive}/%f %p")
    # The server answers before it has replayed everything.
    eventually(lambda: other.sql("SELECT pg_is_in_recovery()") == [(False,)])
    return other


def test_a_row_is_in_the_stored_log_seconds_after_its_commit(cluster: Cluster, store: DirectoryStore) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    book = Book()

    with following(cluster.dsn, store, book):
        cluster.sql("INSERT INTO orders VALUES (1, 'the last one')")
        until_durable(book, datetime.now(UTC))
        cluster.stop(signal.SIGQUIT)

    other = recovered(store, full)
    try:
        assert other.sql("SELECT item FROM orders") == [("the last one",)]
    finally:
        other.remove()


@pytest.mark.slow
def test_a_log_of_many_segments_is_stored_without_a_gap(cluster: Cluster, store: DirectoryStore) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    book = Book()

    with following(cluster.dsn, store, book):
        fill(cluster)
        until_durable(book, datetime.now(UTC))
        rows = cluster.sql(SUMS)

    assert_without_gap(log_of(store))
    assert len(log_of(store)) > 3
    assert len(book.stretches) == 1
    other = recovered(store, full)
    try:
        assert other.sql(SUMS) == rows
    finally:
        other.remove()


@pytest.mark.slow
def test_pieces_are_removed_once_their_segment_is_complete(cluster: Cluster, store: DirectoryStore) -> None:
    book = Book()

    with following(cluster.dsn, store, book):
        for _ in range(3):
            cluster.sql("INSERT INTO orders VALUES (1, 'a piece')")
            until_durable(book, datetime.now(UTC))
        unfinished = {name.segment for name in objects(store) if name.offset is not None}
        fill(cluster)
        until_durable(book, datetime.now(UTC))
        whole = {name.segment for name in objects(store) if name.offset is None}

    left = {name.segment for name in objects(store) if name.offset is not None}
    assert unfinished <= whole
    assert len(left) <= 1
    assert not left & whole


def objects(store: Store) -> list[LogObject]:
    return [name for each in store.listing("PostgreSQL/wal/") if (name := read_key(each.key)) is not None]


@pytest.mark.slow
def test_the_server_may_discard_only_log_that_the_store_has(cluster: Cluster, store: DirectoryStore) -> None:
    book = Book()

    with following(cluster.dsn, store, book):
        fill(cluster)
        until_durable(book, datetime.now(UTC))
        ((kept,),) = cluster.sql("SELECT restart_lsn::text FROM pg_replication_slots")

    assert isinstance(kept, str)
    (_, last, _) = book.stretches[-1]
    assert position(kept) <= position(last)
    assert position(kept) > position(book.stretches[-1][0].lsn)


def test_a_new_follower_continues_after_one_died(cluster: Cluster, store: DirectoryStore) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    book = Book()
    with following(cluster.dsn, store, book) as first:
        fill(cluster)
        until_durable(book, datetime.now(UTC))
        # The connection is cut, as it is when the follower's machine dies.
        cluster.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots")
        first.join()
        assert isinstance(first.failure, BackupFailed)
    fill(cluster)

    with following(cluster.dsn, store, book):
        until_durable(book, datetime.now(UTC))
        rows = cluster.sql(SUMS)

    assert_without_gap(log_of(store))
    assert len(book.stretches) == 1
    assert not book.broken
    other = recovered(store, full)
    try:
        assert other.sql(SUMS) == rows
    finally:
        other.remove()


def test_killing_a_follower_while_it_catches_up_does_no_harm(
    new_cluster: NewCluster, store: DirectoryStore, tmp_path: Path
) -> None:
    cluster = new_cluster(segment_mib=1, max_wal_size="2MB", min_wal_size="2MB", wal_keep_size="0")
    cluster.sql("CREATE TABLE orders (id bigint, item text)")
    book, kept = Book(), tmp_path / "book"
    with following(cluster.dsn, store, book):
        until_durable(book, datetime.now(UTC))
    fill(cluster)
    kept.write_bytes(pickle.dumps(book.stretches))

    program = str(Path(__file__).with_name("killed_follower.py"))
    command = [sys.executable, program, store.name, cluster.dsn, str(kept)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(command, env=environment, check=False)
    cluster.sql("CHECKPOINT")
    eventually(lambda: cluster.sql("SELECT active FROM pg_replication_slots") == [(False,)])
    book.stretches = pickle.loads(kept.read_bytes())  # noqa: S301 - written by the process above
    with following(cluster.dsn, store, book) as follower:
        until_durable(book, datetime.now(UTC))

    assert killed.returncode == -signal.SIGKILL
    assert follower.failure is None
    assert not book.broken
    assert len(book.stretches) == 1
    assert_without_gap(log_of(store))


@pytest.mark.slow
def test_a_second_follower_leaves_the_log_to_the_first(cluster: Cluster, store: DirectoryStore) -> None:
    book = Book()

    with following(cluster.dsn, store, book):
        until_durable(book, datetime.now(UTC))
        second = Follower(cluster.dsn, store, Book())
        second.join()
        assert isinstance(second.failure, FollowerBusy)


@pytest.mark.slow
def test_a_lost_slot_breaks_the_log_and_a_new_stretch_begins(
    new_cluster: NewCluster, store: DirectoryStore
) -> None:
    cluster = new_cluster(
        segment_mib=1, max_slot_wal_keep_size="2MB", max_wal_size="2MB", min_wal_size="2MB", wal_keep_size="0"
    )
    cluster.sql("CREATE TABLE orders (id bigint, item text)")
    book = Book()
    with following(cluster.dsn, store, book):
        until_durable(book, datetime.now(UTC))
    fill(cluster, 100_000)
    cluster.sql("CHECKPOINT")
    assert cluster.sql("SELECT wal_status FROM pg_replication_slots") == [("lost",)]

    broken = Follower(cluster.dsn, store, book)
    broken.join()
    with following(cluster.dsn, store, book):
        until_durable(book, datetime.now(UTC))

    assert isinstance(broken.failure, BackupFailed)
    assert len(book.broken) == 1
    assert "続きのログがサーバーにありません" in str(book.broken[0])
    assert len(book.stretches) == 1


@pytest.mark.slow
def test_a_slot_in_danger_is_reported_in_time(new_cluster: NewCluster, store: DirectoryStore) -> None:
    cluster = new_cluster(
        segment_mib=1, max_slot_wal_keep_size="20MB", max_wal_size="4MB", min_wal_size="2MB"
    )
    cluster.sql("CREATE TABLE orders (id bigint, item text)")
    book, stuck = Book(), Stuck(store)

    stuck.goes_on.set()
    with following(cluster.dsn, stuck, book):
        until_durable(book, datetime.now(UTC))
        stuck.goes_on.clear()
        eventually(lambda: book.troubles[-1:] == [None])
        while book.troubles[-1] is None:
            fill(cluster, 5_000)
            told = len(book.troubles)
            eventually(lambda: len(book.troubles) > told + 1)  # noqa: B023 - called within the turn
        found = cluster.sql("SELECT wal_status, active FROM pg_replication_slots")
        stuck.goes_on.set()
        until_durable(book, datetime.now(UTC))
        # The retained log is released: the danger is over.
        eventually(lambda: book.troubles[-1] is None)

    assert found != [("lost", False)]
    assert any("溜めています" in str(trouble) for trouble in book.troubles)
    assert not book.broken


@pytest.mark.slow
def test_a_slow_store_is_reported_until_the_log_continues(cluster: Cluster, store: DirectoryStore) -> None:
    book, stuck = Book(), Stuck(store)

    with following(cluster.dsn, stuck, book, stuck_after=0.5):
        cluster.sql("INSERT INTO orders VALUES (1, 'not stored yet')")
        eventually(lambda: bool(book.troubles))
        first = book.troubles[0]
        stuck.goes_on.set()
        until_durable(book, datetime.now(UTC))
        eventually(lambda: book.troubles[-1] is None)

    assert first is not None
    assert "保存先に書けていません" in str(first)


class Stuck(DirectoryStore):
    """A store that accepts nothing until it is released."""

    def __init__(self, store: DirectoryStore) -> None:
        self._root = store._root
        self.goes_on = threading.Event()

    def put(self, key: str, content: bytes):  # type: ignore[no-untyped-def]
        self.goes_on.wait(60)
        return super().put(key, content)


@pytest.mark.slow
def test_a_server_can_be_shut_down_while_its_log_is_followed(cluster: Cluster, store: DirectoryStore) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    book = Book()

    with following(cluster.dsn, store, book) as follower:
        until_durable(book, datetime.now(UTC))
        fill(cluster)
        rows = cluster.sql(SUMS)
        cluster.stop()
        follower.join()
        assert isinstance(follower.failure, BackupFailed)

    other = recovered(store, full)
    try:
        assert other.sql(SUMS) == rows
    finally:
        other.remove()


def test_log_received_before_the_server_was_lost_is_stored(cluster: Cluster, store: DirectoryStore) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())

    with following(cluster.dsn, store, Book(), pieces_every=60.0) as follower:
        eventually(lambda: bool(objects(store)))
        cluster.sql("INSERT INTO orders VALUES (1, 'in no piece yet')")
        eventually(lambda: cluster.sql(SENT) == [(True,)])
        cluster.stop(signal.SIGQUIT)
        follower.join()
        assert isinstance(follower.failure, BackupFailed)

    other = recovered(store, full)
    try:
        assert other.sql("SELECT item FROM orders") == [("in no piece yet",)]
    finally:
        other.remove()


@pytest.mark.slow
def test_the_log_continues_on_the_next_timeline_when_a_standby_is_promoted(
    cluster: Cluster, store: DirectoryStore, standby_of: Callable[[Cluster], Cluster]
) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    standby, book = standby_of(cluster), Book()

    with following(standby.dsn, store, book):
        fill(cluster)
        eventually(lambda: standby.sql(SUMS) == cluster.sql(SUMS))
        cluster.stop(signal.SIGQUIT)
        standby.sql("SELECT pg_promote()")
        standby.sql("INSERT INTO orders VALUES (0, 'after the promotion')")
        until_durable(book, datetime.now(UTC))
        rows = standby.sql(SUMS)

    assert [begun.timeline for begun, _, _ in book.stretches] == [1, 2]
    (_, last_of_first, _), (first_of_second, _, _) = book.stretches
    assert position(first_of_second.lsn) <= position(last_of_first)
    assert any(each.key.endswith("/00000002.history") for each in store.listing("PostgreSQL/wal/"))
    other = recovered(store, full)
    try:
        assert other.sql(SUMS) == rows
    finally:
        other.remove()


@pytest.mark.slow
def test_only_what_is_in_the_log_is_claimed_to_be_restorable(cluster: Cluster, store: DirectoryStore) -> None:
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    cluster.sql("CREATE TABLE moments (at timestamptz)")
    book, done = Book(), threading.Event()

    def write() -> None:
        with psycopg.connect(cluster.superuser, autocommit=True) as connection:
            while not done.is_set():
                connection.execute("INSERT INTO moments VALUES (clock_timestamp())")

    writer = threading.Thread(target=write)
    with following(cluster.dsn, store, book):
        writer.start()
        until_durable(book, datetime.now(UTC))
    done.set()
    writer.join()

    claimed = book.durable_to
    count = f"SELECT count(*) FROM moments WHERE at < '{claimed}'"  # noqa: S608 - a moment of our own
    ((wanted,),) = cluster.sql(count)
    other = recovered(store, full)
    try:
        ((found,),) = other.sql(count)
    finally:
        other.remove()
    assert isinstance(wanted, int)
    assert isinstance(found, int)
    # The last row may have been written, but not yet committed, at that moment.
    assert wanted - 1 <= found <= wanted
    assert wanted > 1
