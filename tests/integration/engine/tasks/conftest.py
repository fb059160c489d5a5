"""A document with work for people, accounts that hold its roles, and its tasks in the run ledger."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import PARTS, schema

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import scheduler
from toban.engine.runs.models import Run
from toban.engine.tasks import windows
from toban.engine.tasks.lists import listed
from toban.engine.tasks.orders import TaskOrder

MONDAY = datetime(2026, 4, 6, 8, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者 | 田中、鈴木 (週替わり) | 平日9:00-18:00 |
| 運用責任者 | 佐藤 | 平日9:00-18:00 |
## 8. セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|---|---|---|
| セキュリティパッチ適用 | 月次 | 適用 |
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| 監視ダッシュボード確認 | 9:00 | 開発担当者 | アラートを見る |
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| セキュリティパッチ適用 | 第1月曜 | 運用責任者 | OSパッチ適用 |
| 脆弱性スキャン | 毎週水曜深夜 | 自動 | CVEチェック |
"""
BINDINGS = """
[people."田中"]
account = "tanaka"
[people."鈴木"]
account = "suzuki"
[people."運用責任者"]
name = "佐藤"
account = "sato"
"""
DAILY, PATCH = "routine/routine/監視ダッシュボード確認", "routine/routine/セキュリティパッチ適用"
PATCH_ELSEWHERE = "security/security-routine/セキュリティパッチ適用"
ACCOUNTS = ("tanaka", "suzuki", "sato")


def edition_of(document: str = DOCUMENT, bindings: str = BINDINGS) -> Edition:
    bound = read_bindings(bindings, Path("toban.toml"), schema())
    return Edition(read_design(document, "運用設計書.md"), bound)


@pytest.fixture
def edition() -> Edition:
    """The edition in force since half past eight on Monday, a day of the first week's person."""
    for name in ACCOUNTS:
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole.DEVELOPER)
    found = edition_of()
    tick(found, MONDAY)
    return found


def tick(edition: Edition, now: datetime) -> None:
    """Do what a worker does with tasks."""
    works = edition.plan(OPERATION).works
    scheduler.plan_due(works.values(), now)
    windows.close(works, now)


def task(key: str = DAILY) -> Run:
    """Return the newest task of a row."""
    return Run.objects.filter(work=key).latest("due_at")


def order(edition: Edition, name: str, run: Run) -> TaskOrder:
    by = Giver(Operator.objects.get(username=name), ApprovalAnswer.Via.PAGE)
    return TaskOrder(run.pk, by, edition, PARTS)


def shown(edition: Edition, run: Run, now: datetime) -> str:
    """Return the digest of what the list shows for *run*."""
    return next(each.shown for each in listed(edition, PARTS, now) if each.run.pk == run.pk)
