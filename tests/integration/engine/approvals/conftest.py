"""A document with roles, people with accounts, and a request for approval."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver, break_glass
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, request_for
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.message import plain

MONDAY = datetime(2026, 4, 6, 3, tzinfo=UTC)
"""Noon in Tokyo."""
HOUR = timedelta(hours=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 田中、鈴木 (週替わり) | 24時間365日 |
## 2. 監視
### 通知設定
| アラートレベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 運用責任者 | メール |
| 情報 | 運用責任者 | メール |
"""
BINDINGS = """
[people."田中"]
name = "田中 太郎"
account = "tanaka"
email = "tanaka@example.com"
[people."鈴木"]
account = "suzuki"
email = "suzuki@example.com"
[people."佐藤"]
account = "sato"
email = "sato@example.com"
[people."山田"]
account = "yamada"
"""
PAIR = '[duty."運用責任者"]\nlayers = [{people = ["田中"]}, {people = ["鈴木"]}]\n' + BINDINGS
"""Two people hold the role at once."""
ACCOUNTS = {
    "tanaka": OperatorRole.DEVELOPER,
    "suzuki": OperatorRole.DEVELOPER,
    "sato": OperatorRole.DEVELOPER,
    "yamada": OperatorRole.VIEWER,
    "boss": OperatorRole.MANAGER,
}


def edition_of(document: str = DOCUMENT, bindings: str = BINDINGS) -> Edition:
    return Edition(
        read_design(document, "運用設計書.md"), read_bindings(bindings, Path("toban.toml"), schema())
    )


@pytest.fixture(autouse=True)
def fast_hasher(settings: Settings) -> None:
    """Digest passwords quickly: who gave them decides here, never what they are."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def edition() -> Edition:
    for name, role in ACCOUNTS.items():
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=role)
    return edition_of()


def account(name: str) -> Operator:
    return Operator.objects.get(username=name)


def giver(name: str, **more: Any) -> Giver:
    return Giver(account(name), **more)


def subject(edition: Edition, *ordered_by: str, **more: Any) -> ApprovalSubject:
    fields: dict[str, Any] = {
        "subject": "release/7",
        "title": plain("リリース 7"),
        "facts": ((plain("版"), plain("1.2.3")),),
        "content": {"version": "1.2.3"},
        "document_digest": edition.design.digest,
        "acting_digest": edition.bindings.acting_digest,
        "terms": ApprovalTerms("運用責任者"),
        "page": "approvals",
        "ordered_by": ordered_by[0] if ordered_by else "schedule",
        "orderers": tuple(account(name).pk for name in ordered_by),
        **more,
    }
    return ApprovalSubject(**fields)


def asked(edition: Edition, *ordered_by: str, **more: Any) -> ApprovalRequest:
    """Ask on Monday, when it is the turn of the first person or the second; see `on_duty`."""
    return request_for(subject(edition, *ordered_by, **more), MONDAY)


def refused(call: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(NotPossible) as told:
        call(*arguments, **more)
    assert str(told.value.hint)
    return str(told.value.said)


def broken(edition: Edition, by: Giver, *ordered_by: str, **more: Any) -> ApprovalRequest:
    request = asked(edition, *ordered_by)
    shown = more.pop("shown", request.digest)
    reason = more.pop("reason", "本番が停止中")
    return break_glass(request.pk, reason, shown=shown, by=by, edition=edition, now=MONDAY)
