"""A document with a monitor and roles, people with accounts, and exceptions from its row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.requests import live_request
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.exceptions import service
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.service import ExceptionAnswer, WantedException
from toban.engine.people.models import Operator, OperatorRole

NOON = datetime(2026, 4, 6, 3, tzinfo=UTC)
"""In Tokyo."""
DAY = timedelta(days=1)
ROW = "monitoring/monitor/DB/CPU使用率"
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 田中 | 24時間365日 |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
### 通知設定
| アラートレベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 運用責任者 | メール |
| 警告 | 運用責任者 | メール |
| 情報 | 運用責任者 | メール |
"""
BINDINGS = """
[people."運用責任者"]
account = "tanaka"
[people."佐藤"]
account = "sato"
"""
ACCOUNTS = {
    "tanaka": OperatorRole.DEVELOPER,
    "sato": OperatorRole.DEVELOPER,
    "kimura": OperatorRole.DEVELOPER,
    "yamada": OperatorRole.VIEWER,
    "boss": OperatorRole.MANAGER,
}


def edition_of(document: str = DOCUMENT, bindings: str = BINDINGS) -> Edition:
    return Edition(
        read_design(document, "運用設計書.md"), read_bindings(bindings, Path("toban.toml"), schema())
    )


def make_accounts() -> None:
    for name, role in ACCOUNTS.items():
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=role)


@pytest.fixture
def edition(db: None) -> Edition:
    make_accounts()
    return edition_of()


def account(name: str) -> Operator:
    return Operator.objects.get(username=name)


def asked(edition: Edition, by: str = "sato", now: datetime = NOON, **more: Any) -> RowException:
    wanted = {"clause_id": ROW, "reason": "交換待ち", "ends_at": now + 30 * DAY, **more}
    return service.request(WantedException(**wanted), by=account(by), edition=edition, now=now)


def answer(found: RowException, by: str, note: str = "") -> ExceptionAnswer:
    request = live_request(f"exception/{found.pk}")
    return ExceptionAnswer(found.pk, note, request.digest if request else "", Giver(account(by)))


def granted(edition: Edition, by: str = "tanaka", now: datetime = NOON, **more: Any) -> RowException:
    return service.approve(answer(asked(edition, now=now, **more), by), edition, now)
