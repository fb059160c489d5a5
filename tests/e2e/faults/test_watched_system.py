"""Everything that is watched fails at once, and then Toban's own processes: no row says that it is well."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.faults.claims import Truth, View, in_status, on_page, report, to_the_public, watched
from tests.e2e.faults.parts import MEMORY, Mail, Pinger, Program, Site, agent, prometheus
from tests.e2e.running import Toban, enterable_folder, wait_for
from tests.e2e.visitor import first_sign_in
from tests.integration.chapters.backup.postgres18 import Cluster
from tests.ports import free_port

pytestmark = pytest.mark.slow

TOKEN, PING = "faults-token-of-this-test", "faults-ping-of-this-test"
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| 店 | エラー率 | 0-1% | 5% | 10% | 10秒 |
| 倉庫 | エラー率 | 0-1% | 5% | 10% | 10秒 |
| 決済 | エラー率 | 0-1% | 5% | 10% | 10秒 |
| Webサーバー | メモリ使用率 | 0-70% | 80% | 90% | 10秒 |
| APIサーバー | メモリ使用率 | 0-70% | 80% | 90% | 10秒 |
| 管理サーバー | メモリ使用率 | 0-97% | 98% | 99% | 10秒 |
| DB | 接続数 | 0-20 | 25 | 30 | 10秒 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | メール | 即時 |
| 警告 (Warning) | 開発担当者 | メール | 即時 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 1分毎 | - | 集計 | アラート |
| B002 | 連携 | 1分毎 | - | 外の cron | アラート |
"""
BINDINGS = """
[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "toban@example.com"

[people."開発担当者"]
name = "江藤 かい"
email = "kai@example.com"

[senders.push]
token = "file:token"
may = ["metrics"]

[targets]
"店".sources = [{{ kind = "http", url = "{shop}", window = 10 }}]
"倉庫".sources = [{{ kind = "http", url = "{stock}", window = 10 }}]
"決済".sources = [{{ kind = "http", url = "{payment}", window = 10 }}]
"Webサーバー".sources = [{{ kind = "prometheus", url = "{host}metrics" }}]
"APIサーバー".sources = [{{ kind = "pushed", sender = "push", instance = "api-1", within = "20秒" }}]
"管理サーバー".sources = [{{ kind = "pushed", sender = "push", instance = "admin-1", within = "20秒" }}]
DB.sources = [{{ kind = "postgresql", dsn = "env:SHOP_DATABASE_URL" }}]

[status]
title = "店の状態"
serve = true
services = [{{ name = "店", target = "店" }}, {{ name = "管理", target = "管理サーバー" }}]

[batches.B001]
command = ["sh", "-c", "test ! -e broken"]

[batches.B002]
kind = "ping"
token = "file:ping"
grace = "30秒"
"""
MONITORS = [
    f"monitoring/monitor/{name}"
    for name in (
        "店/エラー率", "倉庫/エラー率", "決済/エラー率", "Webサーバー/メモリ使用率",
        "APIサーバー/メモリ使用率", "管理サーバー/メモリ使用率", "DB/接続数",
    )
]  # fmt: skip
NAMES = ["店 エラー率", "倉庫 エラー率", "決済 エラー率", "DB 接続数", "B001", "B002"]
ROWS = [*MONITORS, "batch/batch/B001", "batch/batch/B002"]
CRITICAL = "monitoring/notification-rule/異常-(Critical)"
PUBLIC = ["public/店", "public/管理"]
GRACES = {
    # Two intervals of silence, and one until the page shows it.
    **dict.fromkeys(MONITORS, 30.0),
    # The next due time, for a job elsewhere its grace, and 20 s until the page shows it.
    "batch/batch/B001": 60.0 + 20.0,
    "batch/batch/B002": 60.0 + 30.0 + 20.0,
    # A notification counts as undelivered after a minute, beyond what the monitors need.
    CRITICAL: 30.0 + 60.0 + 20.0,
    # Counted once a minute and kept for half of one, beyond what the monitors need.
    "public/店": 60.0 + 30.0 + 30.0,
    "public/管理": 60.0 + 30.0 + 30.0,
}


@dataclass
class System:
    """The watched system, with all that reports to Toban."""

    folder: Path
    port: int
    """Toban's, which those who report to it know."""
    shop: Site
    stock: Site
    payment: Site
    host: Site
    relayed: Site
    reporters: tuple[Program, Program]
    database: Cluster
    job: Pinger

    def breaks(self) -> None:
        """Break every part of it, each in its own way."""
        self.shop.stop()
        self.stock.status = 500
        self.payment.answers.clear()
        self.host.answers.clear()
        for reporter in self.reporters:
            reporter.kill()
        self.database.stop()
        (self.folder / "broken").touch()
        self.job.is_stuck = True

    def mends(self) -> None:
        """Mend it."""
        self.shop.start()
        self.stock.status = 200
        self.payment.answers.set()
        self.host.answers.set()
        for reporter in self.reporters:
            reporter.start()
        self.database.start()
        (self.folder / "broken").unlink()
        self.job.is_stuck = False


@pytest.fixture
def folder() -> Iterator[Path]:
    with enterable_folder() as place:
        for name, secret in (("token", TOKEN), ("ping", PING)):
            (place / name).write_text(secret)
            (place / name).chmod(0o600)
        yield place


@pytest.fixture
def mail() -> Iterator[Mail]:
    server = Mail().start()
    yield server
    server.stop()


@pytest.fixture
def system(folder: Path) -> Iterator[System]:
    """The watched system, all of it well."""
    port = free_port()
    url, token, relayed = f"http://127.0.0.1:{port}", folder / "token", Site(MEMORY).start()
    reporters = (
        agent(url, "admin-1", token, folder / "spool", every=2),
        prometheus(url, relayed, "api-1", token, folder / "prometheus"),
    )
    made = System(
        folder, port, Site().start(), Site().start(), Site().start(), Site(MEMORY).start(), relayed,
        reporters, Cluster().make().start(), Pinger(f"{url}/ping/{PING}").start(),
    )  # fmt: skip
    yield made
    made.job.end()
    for reporter in reporters:
        reporter.kill()
    for site in (made.shop, made.stock, made.payment, made.host, relayed):
        site.stop()
    made.database.remove()


@pytest.fixture
def toban(folder: Path, system: System, mail: Mail) -> Iterator[Toban]:
    (folder / "運用設計書.md").write_text(DOCUMENT)
    (folder / "toban.toml").write_text(
        BINDINGS.format(
            smtp=mail.port, shop=system.shop.url, stock=system.stock.url, payment=system.payment.url,
            host=system.host.url,
        )
    )  # fmt: skip
    running = Toban(
        folder / "home",
        folder / "toban.toml",
        design=folder / "運用設計書.md",
        port=system.port,
        environment={"SHOP_DATABASE_URL": system.database.dsn, "NO_PROXY": "127.0.0.1"},
    )
    try:
        running.start()
        for reporter in system.reporters:
            reporter.start()
        yield running
    finally:
        running.leave()


def test_no_row_is_green_while_what_it_watches_fails_whatever_dies_of_toban(
    toban: Toban, system: System, mail: Mail
) -> None:
    truth = Truth(GRACES)
    with first_sign_in(toban) as visitor:
        page = View("page", lambda: on_page(visitor.get("/")), every=1)
        status = View("status", lambda: in_status(toban.run("status", "--format", "json").stdout), every=15)
        public = View("public", lambda: to_the_public(visitor.get("/status/status.json")), every=5)
        with watched(page, status, public):
            page.await_all(ROWS, within=180)
            public.await_all(PUBLIC, within=120)

            mail.stop()
            truth.fails(*GRACES)
            system.breaks()
            page.await_all(ROWS, within=110, green=False)
            for name in ("serve", "worker", "store"):
                os.kill(toban.child(name)["pid"], signal.SIGKILL)
                time.sleep(10)
            toban.kill()
            toban.start()
            time.sleep(20)

            truth.is_well(CRITICAL)
            mail.start()
            wait_for(lambda: all(mail.with_words(name) for name in NAMES), within=180)
            system.mends()
            truth.is_well(*GRACES)
            page.await_all(ROWS, within=180)

    assert report([page, status, public], truth) == {}
    assert mail.doubled == 0
