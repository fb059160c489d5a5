"""Logs followed by a worker: in the catalogue, in the alerts, and by only one worker at a time."""

import itertools
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from tests.integration.chapters.backup.engines.native.conftest import NewCluster, label, source
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster
from tests.registered import schema
from tests.waiting import eventually

from toban.chapters.backup import catalogue
from toban.chapters.backup.engine import Method
from toban.chapters.backup.engines.native import kind
from toban.chapters.backup.engines.native.config import NativeBackup
from toban.chapters.backup.engines.native.taking.take import take
from toban.chapters.backup.following.followers import CatalogueLogBook, Followers
from toban.chapters.backup.models import LogStretch
from toban.chapters.backup.works import BackupPlan, plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.notify.models import Alert
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.stores import directory
from toban.engine.stores.directory import DirectoryStore
from toban.message import NOTHING, Message

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 3世代 | 倉庫 | 2日 |
"""
BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"

[backups.PostgreSQL]
kind = "native"
dsn = "env:BACKUP_DATABASE_URL"
wal_seconds = 0.2
"""
ROW = "backup/backup-policy/PostgreSQL/フルバックアップ"


def leave_memory() -> None:
    """Close the connection of this thread: Django keeps connections to an in-memory database open."""
    raw = connections["default"].connection
    connections.close_all()
    if raw is not None:
        raw.close()
        connections["default"].connection = None


@pytest.fixture
def cluster(new_cluster: NewCluster) -> Cluster:
    return new_cluster(
        segment_mib=1, max_slot_wal_keep_size="4MB", max_wal_size="2MB", min_wal_size="2MB", wal_keep_size="0"
    )


@pytest.fixture
def planned(
    cluster: Cluster, store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BackupPlan:
    """The plan made from a document and a `toban.toml` for the cluster and the store."""
    monkeypatch.setenv("BACKUP_DATABASE_URL", cluster.dsn)
    known = schema(stores={"directory": directory.DirectoryConfig}, backups={"native": NativeBackup})
    bindings = read_bindings(BINDINGS, tmp_path / "toban.toml", known)
    kinds = Kinds.given(backups={"native": kind.KIND}, stores={"directory": directory.KIND})
    made = plan(read_design(DOCUMENT, "運用設計書.md"), bindings, kinds)
    plan_due(made.works.values(), datetime.now(UTC))
    return made


@pytest.fixture
def followers(planned: BackupPlan) -> Iterator[Followers]:
    followers = Followers(system_clock, leave_memory)
    yield followers
    followers.close()


def durable_to() -> datetime | None:
    row = LogStretch.objects.order_by("-durable_to").first()
    return row.durable_to if row is not None else None


def until_durable(since: datetime) -> None:
    eventually(lambda: (reached := durable_to()) is not None and reached >= since)


def open_alerts() -> bool | None:
    """Return whether an alert is open; None while the follower's thread locks the table."""
    try:
        return Alert.objects.filter(key=f"{ROW}/log", resolved_at=None).exists()
    except OperationalError:
        # Connections to an in-memory database don't wait for each other.
        return None


def lose_the_slot(cluster: Cluster) -> None:
    cluster.sql("CREATE TABLE IF NOT EXISTS filler (id bigint, item text)")
    cluster.sql("INSERT INTO filler SELECT id, md5(id::text) FROM generate_series(1, 150000) AS id")
    cluster.sql("CHECKPOINT")
    assert cluster.sql("SELECT wal_status FROM pg_replication_slots") == [("lost",)]


def test_the_catalogue_follows_the_log_seconds_behind_its_source(
    cluster: Cluster, planned: BackupPlan, followers: Followers
) -> None:
    followers.adopt(planned, "digest")

    until_durable(datetime.now(UTC))
    cluster.sql("CREATE TABLE orders (id bigint)")
    until_durable(datetime.now(UTC))

    (stretch,) = LogStretch.objects.all()
    assert (stretch.subject, stretch.timeline, stretch.broken_why) == ("PostgreSQL", 1, NOTHING)
    assert not Alert.objects.exists()


@pytest.mark.slow
def test_a_broken_log_is_announced_and_a_full_backup_is_ordered(
    cluster: Cluster, planned: BackupPlan, followers: Followers, store: DirectoryStore
) -> None:
    followers.adopt(planned, "digest")
    until_durable(datetime.now(UTC))
    followers.close()
    lose_the_slot(cluster)

    again = Followers(system_clock, leave_memory)
    again.adopt(planned, "digest")
    try:
        until_durable(datetime.now(UTC))
        eventually(lambda: open_alerts() is True)
        taken = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
        catalogue.record(taken, subject="PostgreSQL", clause_id=ROW, store="倉庫", verified_at=None)
        eventually(lambda: open_alerts() is False)
    finally:
        again.close()

    assert LogStretch.objects.exclude(broken_why__code="").count() == 1
    (ordered,) = Run.objects.filter(work="PostgreSQL/full", ordered_by="log-gap")
    assert ordered.clause_id == ROW
    (alert,) = Alert.objects.all()
    assert alert.condition == "critical"
    assert alert.citation.startswith("運用設計書.md:")


@pytest.mark.slow
def test_one_of_two_workers_follows_and_the_other_takes_over(
    cluster: Cluster, planned: BackupPlan, followers: Followers
) -> None:
    followers.adopt(planned, "digest")
    until_durable(datetime.now(UTC))
    second = Followers(system_clock, leave_memory)
    second.adopt(planned, "digest")
    try:
        until_durable(datetime.now(UTC))
        followers.close()
        until_durable(datetime.now(UTC))
    finally:
        second.close()

    assert LogStretch.objects.count() == 1
    assert not Alert.objects.exists()


@pytest.mark.slow
def test_following_resumes_when_the_source_comes_back(
    cluster: Cluster, planned: BackupPlan, followers: Followers
) -> None:
    followers.adopt(planned, "digest")
    until_durable(datetime.now(UTC))

    cluster.stop(signal.SIGQUIT)
    cluster.start()
    until_durable(datetime.now(UTC))

    assert LogStretch.objects.count() == 1
    assert not LogStretch.objects.exclude(broken_why__code="").exists()


@pytest.mark.slow
def test_an_unreachable_store_is_a_warning_however_long_each_attempt_takes(
    cluster: Cluster, planned: BackupPlan, store: DirectoryStore
) -> None:
    times = itertools.count()
    began = datetime.now(UTC)
    # Between two looks, more time passes than a failure may last before it is reported.
    followers = Followers(lambda: began + next(times) * timedelta(seconds=90), leave_memory)
    cluster.sql("CREATE TABLE orders (id bigint)")
    store._root.rename(store._root.with_name("unmounted"))

    followers.adopt(planned, "digest")
    try:
        eventually(lambda: open_alerts() is True)
        store._root.with_name("unmounted").rename(store._root)
        eventually(lambda: open_alerts() is False)
    finally:
        followers.close()

    warned = Alert.objects.get()
    assert warned.condition == "warning"
    assert warned.resolved_at is not None


@pytest.mark.slow
def test_a_problem_with_a_log_is_a_warning_until_it_is_over(planned: BackupPlan) -> None:
    book = CatalogueLogBook("PostgreSQL", planned.policies, "digest", system_clock)

    book.shows(Message("backup-engines.slot-over-limit", kept="120 MiB"))
    warned = Alert.objects.get()
    book.shows(None)
    ended = Alert.objects.get()

    assert (warned.condition, warned.clause_id, warned.resolved_at) == ("warning", ROW, None)
    assert "失われる寸前" in str(warned.value)
    assert warned.value.in_language("en") == (
        "The slot is about to be lost: it keeps 120 MiB of log, more than its limit"
    )
    assert ended.resolved_at is not None
