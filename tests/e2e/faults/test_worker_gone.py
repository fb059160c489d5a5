"""The only worker is killed and nobody starts it again: what it judged last does not stay green."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.faults.claims import OpenPage, Truth, Verdicts, View, in_status, on_page, report, watched
from tests.e2e.faults.parts import Program, Site
from tests.integration.faces.ingest.served import Served, serving

pytestmark = pytest.mark.slow

DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| 店 | エラー率 | 0-1% | 5% | 10% | 10秒 |
| 倉庫 | エラー率 | 0-1% | 5% | 10% | 1分 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 1分毎 | - | 集計 | アラート |
"""
BINDINGS = """
[targets]
"店".sources = [{{ kind = "http", url = "{url}", window = 10 }}]
"倉庫".sources = [{{ kind = "http", url = "{url}", window = 10 }}]

[batches.B001]
command = ["true"]
"""
OUTDATED = 120.0 + 120.0 + 5.0
"""Two minutes for the next judgement, two more for a worker that takes over, and five seconds to show it."""
GRACES = {
    "monitoring/monitor/店/エラー率": OUTDATED,
    "monitoring/monitor/倉庫/エラー率": OUTDATED,
    # Its judgement holds until the next due time, which is at most a minute away.
    "batch/batch/B001": OUTDATED,
}


@pytest.fixture
def shop() -> Iterator[Site]:
    site = Site().start()
    yield site
    site.stop()


@pytest.fixture
def served(tmp_path: Path, shop: Site) -> Iterator[Served]:
    with serving(tmp_path, DOCUMENT, BINDINGS.format(url=shop.url)) as running:
        yield running


@pytest.fixture
def worker(served: Served) -> Iterator[Program]:
    command = [sys.executable, "-m", "toban", "worker"]
    program = Program(command, served.home / "worker.log", served.environment).start()
    yield program
    program.kill()


def status(served: Served) -> Verdicts:
    done = subprocess.run(
        [sys.executable, "-m", "toban", "status", "--format", "json"],
        env=served.environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return in_status(done.stdout)


def test_no_row_stays_green_after_the_last_worker_and_none_turns_green_by_its_return(
    served: Served, worker: Program, shop: Site
) -> None:
    truth = Truth(GRACES)
    with served.client() as client:
        page = View("page", lambda: on_page(client.get("/")), every=1)
        terminal = View("status", lambda: status(served), every=15)
        with watched(page, terminal):
            page.await_all(GRACES, within=180)
            open_page = View("open page", OpenPage(client).look, every=1)
            with watched(open_page):
                worker.kill()
                shop.stop()
                truth.fails(*GRACES)
                page.await_all(GRACES, within=OUTDATED, green=False)
                time.sleep(20)
                # It runs again from then on; the shop is still down.
                truth.is_well("batch/batch/B001")
                worker.start()
                time.sleep(20)

    assert report([page, terminal, open_page], truth) == {}
