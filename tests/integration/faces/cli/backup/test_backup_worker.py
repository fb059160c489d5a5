"""A real worker takes a real backup; if it is killed, another one continues under the same label."""

import itertools
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyrage
import pytest
from tests.forking import Python, run
from tests.integration.chapters.backup.postgres18 import Cluster

pytestmark = pytest.mark.slow

DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 月次 月末 23:00 | 1世代 | 倉庫 | - |
"""
BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"
encrypt_to = ["{public}"]
identity = "file:identity"

[backups.PostgreSQL]
kind = "native"
dsn = "env:BACKUP_DATABASE_URL"
wal = false
"""


@dataclass
class Toban:
    """A Toban in a folder, with its worker and its commands."""

    folder: Path
    dsn: str
    workers: list[Python] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "BACKUP_DATABASE_URL": self.dsn,
            "TOBAN_HOME": str(self.folder),
            "TOBAN_DESIGN": str(self.folder / "運用設計書.md"),
            "TOBAN_BINDINGS": str(self.folder / "toban.toml"),
            # Nothing listens there: backups need no telemetry.
            "TOBAN_TELEMETRY_URL": "http://toban:secret@127.0.0.1:9/toban",
        }

    def call(self, *arguments: str) -> str:
        done = run(["-m", "toban", *arguments], env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *, dies_at: int = 0) -> Python:
        """Start a worker; with *dies_at* it is killed by its store at that moment."""
        command = (
            ["tests.integration.faces.cli.supervision.mortal_worker"] if dies_at else ["toban", "worker"]
        )
        environment = {**self.environment, "TOBAN_TEST_DIES_AT": str(dies_at)}
        with (self.folder / "worker.log").open("ab") as log:
            worker = Python(["-m", *command], env=environment, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def finish(self) -> None:
        """Let a worker do everything that is due, and end it."""
        worker = self.start()
        until(self.is_idle)
        worker.kill()
        worker.wait()

    def is_idle(self) -> bool:
        return not self.state("SELECT 1 FROM runs_run WHERE state IN ('waiting', 'running')")

    def state(self, query: str) -> list[tuple[object, ...]]:
        path = self.folder / "state.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()


def until(question: Callable[[], object]) -> None:
    """Ask until the answer is true; the limit is only reached on a machine that hangs."""
    for _ in range(1800):
        if question():
            return
        time.sleep(0.1)
    pytest.fail("it never came to that")


def has_ended(toban: Toban, worker: Python) -> bool:
    return worker.poll() is not None or toban.is_idle()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster().make().start()
    cluster.sql(
        "CREATE TABLE orders AS SELECT id, md5(id::text) AS item FROM generate_series(1, 100000) AS id"
    )
    yield cluster
    cluster.remove()


@pytest.fixture
def toban(tmp_path: Path, cluster: Cluster) -> Iterator[Toban]:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT)
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(key))
    (tmp_path / "toban.toml").write_text(BINDINGS.format(public=key.to_public()))
    (tmp_path / "store").mkdir()
    toban = Toban(tmp_path, cluster.dsn)
    toban.call("prepare")
    yield toban
    for worker in toban.workers:
        worker.kill()
        worker.wait()


def test_a_backup_survives_the_worker_that_made_it(toban: Toban) -> None:
    first = toban.start()
    until(lambda: toban.state("SELECT 1 FROM runs_plannedwork WHERE in_force"))
    toban.call("backup", "run", "PostgreSQL")
    until(lambda: list((toban.folder / "store").rglob("*")))
    first.kill()
    first.wait()

    toban.start()
    until(lambda: toban.state("SELECT 1 FROM runs_run WHERE state = 'done'"))

    (listed,) = json.loads(toban.call("backup", "list", "--format", "json"))
    described = [path.parent.name for path in (toban.folder / "store").rglob("backup.json")]
    assert described == [listed["label"]]
    assert listed["verified_at"] is not None
    assert (listed["start_timeline"], listed["end_timeline"]) == (1, 1)
    assert listed["start_lsn"]
    assert listed["end_lsn"]
    assert {"key", "size", "sha256", "version", "sealed"} <= listed["objects"][0].keys()
    assert toban.state("SELECT count(*) FROM runs_run") == [(1,)]
    until(lambda: "適合" in toban.call("status", "--all"))
    told = toban.call("why", "PostgreSQL/full")
    assert "予定" in told
    assert "運用設計書.md:8" in told
    assert "● PostgreSQL" in toban.call("backup", "verify")


def test_kill_9_at_any_access_to_the_store_leaves_one_complete_backup(toban: Toban) -> None:
    first = toban.start()
    until(lambda: toban.state("SELECT 1 FROM runs_plannedwork WHERE in_force"))
    first.kill()
    first.wait()
    died_in = set()

    for moment in itertools.count(1):
        toban.call("backup", "run", "PostgreSQL")
        mortal = toban.start(dies_at=moment)
        until(partial(has_ended, toban, mortal))
        is_over = mortal.poll() is None
        mortal.kill()
        mortal.wait()
        if not is_over:
            assert mortal.returncode == -signal.SIGKILL
            died_in.add(toban.state("SELECT step FROM runs_run ORDER BY id DESC LIMIT 1")[0][0])
            toban.finish()

        kept = toban.state("SELECT label FROM backup_backup WHERE pruned_at IS NULL")
        described = [path.parent.name for path in (toban.folder / "store").rglob("backup.json")]
        assert kept == [(label,) for label in described]
        assert len(kept) == 1
        if is_over:
            break

    assert died_in == {"take", "verify", "record", "prune"}
    assert set(toban.state("SELECT state, count(*) FROM runs_run GROUP BY state")) == {("done", moment)}
    recorded = "SELECT json_extract(content, '$.label') FROM evidence_ledgerentry WHERE kind = 'verdict'"
    labels = [str(label) for (label,) in toban.state(recorded) if label]
    assert sorted(labels) == sorted(set(labels))
    assert len(labels) == moment
    assert "● PostgreSQL" in toban.call("backup", "verify")
    folders = {path.name for path in (toban.folder / "store" / "PostgreSQL").iterdir() if path.is_dir()}
    assert {label for (label,) in kept} <= folders
