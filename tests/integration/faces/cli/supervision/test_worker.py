"""A real `toban worker`, with a real state database and a real service to measure; the store stays down."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.integration.conftest import HttpServer
from tests.ports import free_port

from toban.message import from_json

pytestmark = pytest.mark.slow

DESIGN = """\
# 受付の運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
| API | エラー率 | 0-0.05% | 0.1% | 1% | 4秒 |
| DB | 接続数 | 0-80 | 90 | 100 | 4秒 |

## 定期作業

### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---------|---------|-------|------|
| ログ確認 | 9:00 | 開発担当者 | 前日の通知を見る |
"""
BINDINGS = """\
[[targets.API.sources]]
kind = "http"
url = "{url}/health"
window = 2
"""
API = "monitoring/monitor/API/エラー率"
DB = "monitoring/monitor/DB/接続数"


@dataclass
class Worker:
    """A worker process, its files and the content of its state database."""

    folder: Path
    state_url: str
    ask: Callable[[str], list[tuple[Any, ...]]]
    state_host: str = ""
    """The folder of PostgreSQL's socket."""
    events: list[dict[str, object]] = field(default_factory=list)

    @property
    def design(self) -> Path:
        return self.folder / "運用設計書.md"

    def environment(self) -> dict[str, str]:
        nowhere = free_port()
        return {
            **os.environ,
            "TOBAN_HOME": str(self.folder),
            "TOBAN_STATE_URL": self.state_url,
            "PGHOST": self.state_host,
            "TOBAN_DESIGN": str(self.design),
            "TOBAN_BINDINGS": str(self.folder / "toban.toml"),
            "TOBAN_TELEMETRY_URL": f"http://toban:secret@127.0.0.1:{nowhere}/toban",
        }

    def start(self) -> None:
        toban = [sys.executable, "-m", "toban"]
        environment = self.environment()
        subprocess.run([*toban, "prepare"], env=environment, check=True, capture_output=True)
        self.process = subprocess.Popen(
            [*toban, "worker"], env=environment, stdout=subprocess.PIPE, text=True
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self.events += [json.loads(line) for line in self.process.stdout]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self._listener.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def verdict(self, clause_id: str) -> str:
        rows = self.ask("SELECT clause_id, verdict FROM evidence_clausestatus")
        return next((str(verdict) for found, verdict in rows if found == clause_id), "")

    def documents(self) -> list[dict[str, object]]:
        rows = self.ask("SELECT content FROM evidence_ledgerentry WHERE kind = 'document' ORDER BY sequence")
        return [row[0] if isinstance(row[0], dict) else json.loads(str(row[0])) for row in rows]

    def until(self, question: Callable[[], bool]) -> None:
        """Wait until *question* returns true; the limit only matters if a worker is broken."""
        for _ in range(600):
            if question():
                return
            assert self.process.poll() is None, "the worker has ended by itself"
            time.sleep(0.1)
        pytest.fail(f"not within a minute; the worker said {self.events}")


def in_sqlite(folder: Path) -> Worker:
    path = folder / "state.sqlite3"

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            return connection.execute(sql).fetchall()

    return Worker(folder, f"sqlite:///{path}", ask)


def in_postgresql(folder: Path, dsn: str) -> Worker:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS toban")
        admin.execute("CREATE DATABASE toban")

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(make_conninfo(dsn, dbname="toban")) as connection:
            return connection.execute(sql.encode()).fetchall()

    return Worker(folder, "postgresql://postgres@/toban", ask, str(conninfo_to_dict(dsn)["host"]))


@pytest.fixture
def worker(request: pytest.FixtureRequest, tmp_path: Path, http_server: HttpServer) -> Iterator[Worker]:
    if getattr(request, "param", "sqlite") == "postgresql":
        worker = in_postgresql(tmp_path, request.getfixturevalue("postgres_dsn"))
    else:
        worker = in_sqlite(tmp_path)
    worker.design.write_text(DESIGN)
    (tmp_path / "toban.toml").write_text(BINDINGS.format(url=http_server.url))
    worker.start()
    yield worker
    if worker.process.poll() is None:
        worker.end(signal.SIGKILL)


@pytest.mark.parametrize(
    "worker", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_the_worker_judges_while_the_store_is_away_and_stops_on_request(
    worker: Worker, http_server: HttpServer
) -> None:
    worker.until(lambda: worker.verdict(API) == "conforming")
    worker.until(lambda: worker.verdict("routine/routine/ログ確認") == "unbound")
    assert worker.verdict(DB) == "unbound"
    (in_force,) = worker.documents()
    assert in_force["in_force"] == str(worker.design)

    http_server.answer = lambda handler: handler.reply(503)
    worker.until(lambda: worker.verdict(API) == "deviating")
    http_server.answer = lambda handler: handler.reply(200)
    worker.until(lambda: worker.verdict(API) == "conforming")

    assert worker.end(signal.SIGTERM) == 0
    assert worker.events[-1]["event"] == "worker_stopped"
    assert worker.events[-1]["all_steps_ended"] is True
    assert "samples_waiting" in {event["event"] for event in worker.events}


@pytest.mark.slow
def test_an_unreadable_version_leaves_the_old_one_in_force_until_a_readable_one_replaces_it(
    worker: Worker, http_server: HttpServer
) -> None:
    worker.until(lambda: worker.verdict(API) == "conforming")

    worker.design.write_text("")
    worker.until(lambda: len(worker.documents()) == 2)
    assert worker.documents()[-1]["refused"] == str(worker.design)
    assert str(from_json(worker.documents()[-1]["reason"])).startswith(str(worker.design))
    worker.end(signal.SIGKILL)
    worker.start()
    http_server.answer = lambda handler: handler.reply(503)
    worker.until(lambda: worker.verdict(API) == "deviating")
    assert len(worker.documents()) == 2

    worker.design.write_text(DESIGN.replace("DB | 接続数", "受付 | 接続数"))
    worker.until(lambda: worker.verdict("monitoring/monitor/受付/接続数") == "unbound")
    assert len(worker.documents()) == 3


@pytest.mark.slow
def test_a_former_version_put_back_into_the_database_is_not_taken_and_the_next_change_is(
    tmp_path: Path, http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 60)
    key.chmod(0o600)
    monkeypatch.setenv("TOBAN_SECRET_KEY", f"file:{key}")
    (tmp_path / "home").mkdir()
    worker = in_sqlite(tmp_path / "home")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    worker.design.write_text(DESIGN)
    (worker.folder / "toban.toml").write_text(BINDINGS.format(url=http_server.url))
    number = "SELECT number FROM editions_sharededition"
    worker.start()
    try:
        worker.until(lambda: worker.verdict(API) == "conforming")
        (former,) = worker.ask("SELECT * FROM editions_sharededition")
        worker.design.write_text(DESIGN.replace("DB | 接続数", "受付 | 接続数"))
        worker.until(lambda: worker.ask(number) == [(2,)])
        with closing(sqlite3.connect(worker.folder / "state.sqlite3", timeout=20)) as state, state:
            state.execute("DELETE FROM editions_sharededition")
            state.execute("INSERT INTO editions_sharededition VALUES (?, ?, ?, ?, ?, ?, ?)", former)
        # Some looks at what is in force.
        time.sleep(3)
        assert worker.verdict("monitoring/monitor/受付/接続数") == "unbound"
        alert = "SELECT resolved_at IS NULL FROM notify_alert WHERE key LIKE 'document/put-back%'"
        worker.until(lambda: worker.ask(alert) == [(1,)])

        worker.design.write_text(DESIGN.replace("DB | 接続数", "倉庫 | 接続数"))
        worker.until(lambda: worker.ask(number) == [(3,)])
        worker.until(lambda: worker.verdict("monitoring/monitor/倉庫/接続数") == "unbound")
        worker.until(lambda: worker.ask(alert) == [(0,)])
    finally:
        worker.end(signal.SIGTERM)
    assert any(each["event"] == "edition_is_older_than_seen" for each in worker.events)


@pytest.mark.slow
def test_a_version_that_would_stop_a_monitor_waits_across_a_restart_until_a_person_confirms_it(
    worker: Worker, http_server: HttpServer
) -> None:
    worker.until(lambda: worker.verdict(API) == "conforming")
    worker.end(signal.SIGKILL)
    worker.design.write_text(
        DESIGN.replace("API | エラー率 | 0-0.05% | 0.1% | 1%", "API | エラー率 | 0 | 少し | 1%")
    )

    worker.start()
    worker.until(lambda: "waits" in worker.documents()[-1])
    worker.end(signal.SIGKILL)
    worker.start()
    http_server.answer = lambda handler: handler.reply(503)
    worker.until(lambda: worker.verdict(API) == "deviating")
    assert ["waits" in each for each in worker.documents()] == [False, True]
    assert worker.documents()[-1]["stopped"] == [API]
    told = worker.ask("SELECT key FROM notify_alert WHERE key LIKE 'document/%'")
    assert len(told) == 1

    confirm = [sys.executable, "-m", "toban", "confirm", "--yes"]
    subprocess.run(confirm, env=worker.environment(), check=True, capture_output=True)
    worker.until(lambda: "in_force" in worker.documents()[-1])
    recorded = [
        key for each in worker.documents() for key in ("in_force", "waits", "confirmed") if key in each
    ]
    assert recorded == ["in_force", "waits", "confirmed", "in_force"]
    worker.until(lambda: "少し" in (worker.folder / "in-force" / "design.md").read_text())


@pytest.mark.slow
def test_a_worker_killed_and_restarted_continues_and_records_no_new_version(
    worker: Worker, http_server: HttpServer
) -> None:
    http_server.answer = lambda handler: handler.reply(503)
    worker.until(lambda: worker.verdict(API) == "deviating")
    before = worker.ask("SELECT key, opened_at FROM notify_alert WHERE resolved_at IS NULL")
    worker.end(signal.SIGKILL)

    worker.start()
    asked = len(http_server.asked)
    worker.until(lambda: len(http_server.asked) > asked + 2)

    assert worker.ask("SELECT key, opened_at FROM notify_alert WHERE resolved_at IS NULL") == before
    assert len(worker.documents()) == 1
