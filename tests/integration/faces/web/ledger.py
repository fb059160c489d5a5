"""A document with batches in force, and runs like those in the ledger."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration.faces.web.conftest import Fixed
from tests.registered import schema

from toban.design.reader import read_design
from toban.design.values.schedule import read_schedule
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import request_for
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import System
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.engine.runs.approval import subject_of
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Step, Work

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


def put_in_force(fixed: Fixed, document: str = DOCUMENT, bindings: str = "") -> Edition:
    """Put *document* in force, without bindings unless given."""
    edition = Edition(
        read_design(document, "運用設計書.md"), read_bindings(bindings, Path("toban.toml"), schema())
    )
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


def awaiting(wanted_of: str = "運用責任者", *orderers: int, **terms: Any) -> Run:
    """Create a run that waits for the approval of *wanted_of* before its step 送付."""
    run = made(MONTHLY, Run.State.WAITING, RunReason.AWAITING_APPROVAL, step="送付", orderers=list(orderers))
    edition = present.edition()
    digests = (edition.design.digest, edition.bindings.acting_digest) if edition is not None else ("", "")
    step = Step("送付", lambda _turn: None, ApprovalTerms(wanted_of, **terms), 'command = ["send"]')
    schedule = read_schedule("月末23:00")
    assert schedule is not None
    work = Work(
        key=MONTHLY, clause_id=run.clause_id, document_digest=digests[0], steps=(step,),
        acting_digest=digests[1], schedule=schedule, system=System(),
    )  # fmt: skip
    request_for(subject_of(run, work, step), system_clock())
    return run


def shown(run: Run) -> str:
    """Return the digest of what *run* asks approval for, as the form sends it."""
    return ApprovalRequest.objects.get(subject=f"run/{run.pk}").digest
