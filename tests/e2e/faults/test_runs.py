"""Batches due every minute, while workers, server and database connections are killed: each runs once."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.e2e.faults.claims import Truth, View, on_page, report, watched
from tests.e2e.faults.parts import Program, Site
from tests.e2e.running import wait_for
from tests.integration.faces.ingest.served import Served, serving

pytestmark = pytest.mark.slow

FAST = Path(__file__).with_name("fast_worker.py")
BATCHES = [f"B{number:03}" for number in range(1, 9)]
ROW = "monitoring/monitor/店/エラー率"
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| 店 | エラー率 | 0-1% | 5% | 10% | 10秒 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
""" + "\n".join(f"| {key} | 集計{key} | 1分毎 | - | 集計 | 手動再実行 |" for key in BATCHES)
BATCH = """
[batches.{key}]
command = ["flock", "--nonblock", "--conflict-exit-code", "99", "lock-{key}", "sh", "-c",
           "echo $BATCH_RUN >> began; sleep $((BATCH_RUN % 20))"]
"""
KILLS = 20
"""The last run that was due, its take-over and its 20 seconds."""
SETTLED_WITHIN = 120


@dataclass
class Hosts:
    """A server and two workers of one database, and a third worker whose clock is 11 minutes fast."""

    served: Served
    workers: Sequence[Program]
    shop: Site

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of *sql* on the state database."""
        with self._connected() as connection:
            return connection.cursor(row_factory=dict_row).execute(sql.encode()).fetchall()

    def kill_worker(self, number: int) -> None:
        """kill -9 a worker, and start it again."""
        self.workers[number].kill()
        self.workers[number].start()

    def kill_all_workers(self) -> None:
        """kill -9 both at once."""
        for worker in self.workers:
            worker.kill()
        for worker in self.workers:
            worker.start()

    def kill_server(self) -> None:
        """kill -9 the server, and start it again."""
        self.served.process.kill()
        self.served.process.wait()
        self.served.launch()

    def cut_connections(self) -> None:
        """Let the database end all connections."""
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    def kills(self) -> list[Callable[[], None]]:
        """Return what can be killed."""
        return [
            lambda: self.kill_worker(0),
            lambda: self.kill_worker(1),
            self.kill_server,
            self.cut_connections,
            self.kill_all_workers,
        ]

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(f"host={self.served.state['PGHOST']} user=postgres dbname=postgres") as made:
            yield made


@pytest.fixture
def hosts(postgres: dict[str, str], tmp_path: Path) -> Iterator[Hosts]:
    state = {name: postgres[name] for name in ("TOBAN_STATE_URL", "PGHOST")}
    shop = Site().start()
    source = f'[targets]\n"店".sources = [{{ kind = "http", url = "{shop.url}", window = 10 }}]\n'
    bindings = source + "".join(BATCH.format(key=key) for key in BATCHES)
    with ExitStack() as running:
        running.callback(shop.stop)
        served = running.enter_context(serving(_home(tmp_path, 1), DOCUMENT, bindings, state=state))
        served.session = str(served.act("session"))
        command = [sys.executable, "-m", "toban", "worker"]
        fast = _program([sys.executable, FAST, "11"], served, _home(tmp_path, 3))
        workers = [_program(command, served, home) for home in (served.home, _home(tmp_path, 2))]
        for program in (fast, *workers):
            running.callback(program.start().kill)
        yield Hosts(served, workers, shop)


def _home(folder: Path, number: int) -> Path:
    home = folder / f"host-{number}"
    home.mkdir()
    return home


def _program(command: Sequence[str | Path], served: Served, home: Path) -> Program:
    return Program(command, home / "log", {**served.environment, "TOBAN_HOME": str(home)})


RUNS = "SELECT id, work, due_at, state, reason, losses FROM runs_run ORDER BY due_at, work"


def test_twenty_kills_miss_and_double_no_run_and_show_no_false_green(hosts: Hosts) -> None:
    chance = Random(13)  # noqa: S311 - moments to kill at
    # Three intervals, and as long as both workers take to be back after they were killed together.
    truth = Truth({ROW: 30.0 + 30.0})
    with hosts.served.client() as client:
        page = View("page", lambda: on_page(client.get("/")), every=1)
        with watched(page):
            page.await_all([ROW], within=120)
            wait_for(lambda: {each["work"] for each in hosts.ask(RUNS)} == {*BATCHES}, within=120)
            hosts.shop.stop()
            truth.fails(ROW)
            for number in range(KILLS):
                hosts.kills()[number % 5]()
                time.sleep(chance.uniform(2, 12))
            ended_at = hosts.ask("SELECT now()")[0]["now"]
            wait_for(lambda: not _open(hosts, ended_at), within=SETTLED_WITHIN)

    runs = [each for each in hosts.ask(RUNS) if each["due_at"] <= ended_at]
    began = Counter(int(line) for line in (hosts.served.home / "began").read_text().split())
    losses = sum(each["losses"] for each in runs)
    missed = _missed(runs, ended_at)
    doubled = [each for each in runs if began[each["id"]] > 1 + each["losses"]]
    states = Counter(each["state"] for each in runs)
    print(f"runs: {dict(states)}, {losses} lost workers; missed {len(missed)}, doubled {len(doubled)}")  # noqa: T201
    assert (missed, doubled) == ([], [])
    assert losses > 0
    assert report([page], truth) == {}


def _open(hosts: Hosts, until: datetime) -> list[dict[str, Any]]:
    ended = {"done", "failed", "missed", "skipped", "cancelled"}
    return [each for each in hosts.ask(RUNS) if each["due_at"] <= until and each["state"] not in ended]


def _missed(runs: Sequence[Mapping[str, Any]], until: datetime) -> list[str]:
    """Return the minutes that have no run, and the runs that did not run although a worker was there."""
    known = Counter((each["work"], each["due_at"]) for each in runs)
    absent = []
    for key in BATCHES:
        due = min(each["due_at"] for each in runs if each["work"] == key)
        while due <= until:
            absent += [f"{key} {due}"] if known[key, due] != 1 else []
            due += timedelta(minutes=1)
    # A run that lost three workers has failed, which is true; whatever else ended without running is missed.
    untrue = [each for each in runs if each["state"] != "done" and each["losses"] < 3]
    return absent + [f"{each['work']} {each['due_at']}: {each['state']} {each['reason']}" for each in untrue]
