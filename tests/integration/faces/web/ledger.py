"""A document with batches in force, and runs like those in the ledger."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration.faces.web.conftest import Fixed
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.runs.models import Approval, PlannedWork, Run
from toban.engine.runs.rules import RunReason

DOCUMENT = """# 運用設計書
## 4. バックアップ・リストア
### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | S3 | 30日 |
### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO (復旧時点目標) | 1時間 |
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B003 | 月次請求書生成 | 月次 | 月末23:00 | 請求書 | 手動再実行 |
| B004 | データ集計 | 日次 | 深夜4:00 | 売上の集計 | 再実行 |
## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| 棚卸し | 第2日曜 | 開発担当者 | 数える |
"""
DAILY, MONTHLY = "B004", "B003"
CLAUSE = "batch/batch/{}"


def put_in_force(fixed: Fixed, document: str = DOCUMENT) -> Edition:
    """Put *document* in force without bindings."""
    edition = Edition(read_design(document, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))
    fixed.edition = edition
    return edition


def planned(key: str = DAILY, **more: Any) -> PlannedWork:
    """Plan a work like the scheduler does."""
    now = system_clock()
    fields = {
        "clause_id": CLAUSE.format(key), "rule": "日次 04:00 Asia/Tokyo JP",
        "timing": "毎日 4:00 (Asia/Tokyo)", "planned_until": now,
        "next_due": now + timedelta(hours=6), **more,
    }  # fmt: skip
    return PlannedWork.objects.create(key=key, **fields)


def made(
    key: str = DAILY, state: Run.State = Run.State.DONE, reason: RunReason = RunReason.SUCCEEDED, **more: Any
) -> Run:
    """Create a run, due a minute ago by default; a run that has ended took 30 seconds."""
    due: datetime = more.pop("due_at", system_clock() - timedelta(minutes=1))
    fields: dict[str, Any] = {
        "clause_id": CLAUSE.format(key), "ordered_by": "schedule", "wake_at": due, "began_at": due, **more,
    }  # fmt: skip
    if state not in (Run.State.WAITING, Run.State.RUNNING):
        fields.setdefault("ended_at", due + timedelta(seconds=30))
    return Run.objects.create(work=key, due_at=due, state=state, reason=reason, **fields)


def awaiting(wanted_of: str = "運用責任者") -> Run:
    """Create a run that waits for the approval of *wanted_of* before its step 送付."""
    run = made(MONTHLY, Run.State.WAITING, RunReason.AWAITING_APPROVAL, step="送付")
    Approval.objects.create(run=run, step="送付", wanted_of=wanted_of, asked_at=system_clock())
    return run
