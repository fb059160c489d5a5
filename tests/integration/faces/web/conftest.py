"""A document in force, and operators who use it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from pytest_django import Settings
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.people.models import Operator, OperatorRole

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 緊急連絡先 | 山田 | 24時間365日 |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web | メモリ使用率 | 0-70% | たくさん | 90% | 1分 |
## 8. セキュリティ運用
### アクセス管理
- **MFA**: 本番環境アクセスは必須
- **パスワードポリシー**: 最小12文字、英字数字記号混在、90日毎変更
"""
CPU = "monitoring/monitor/Web/CPU使用率"
PASSWORD = "kawaranai-Kagi-7"


@dataclass
class Fixed:
    """The version in force, as set by the test."""

    edition: Edition | None
    refusal: EditionRefusal | None = None


@pytest.fixture(autouse=True)
def in_force(settings: Settings) -> Iterator[Fixed]:
    """Put the document above in force, and use a fast password hasher."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    bindings = read_bindings("", Path("toban.toml"), schema())
    fixed = Fixed(Edition(read_design(DOCUMENT, "運用設計書.md"), bindings))
    present.use(fixed)
    yield fixed
    present.use(Fixed(None))


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """Reset the language, which a request leaves active, so that it does not affect the next test."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_codes_so_far(db: None) -> None:
    """Clear used codes, so that they do not affect the next test."""
    cache.clear()


type Operators = Callable[[str, OperatorRole], Operator]


@pytest.fixture
def operator(db: None) -> Operators:
    """Create an operator whose account is fully set up."""

    def made(name: str, role: OperatorRole = OperatorRole.VIEWER) -> Operator:
        made = Operator.objects.create_user(
            name, f"{name}@example.com", PASSWORD, operator_role=role, password_changed_at=system_clock()
        )
        Authenticator.objects.create(user=made, type=Authenticator.Type.TOTP, data={"secret": "unused"})
        return made

    return made


@pytest.fixture
def viewer(operator: Operators) -> Client:
    """A browser with a signed-in viewer."""
    client = Client()
    client.force_login(operator("mira", OperatorRole.VIEWER))
    return client


def proved(client: Client, person: Operator) -> None:
    """Sign *person* in, with a fresh proof that it is they."""
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


type SignIn = Callable[[OperatorRole], Client]


@pytest.fixture
def sign_in(operator: Operators) -> SignIn:
    """Return a function that signs in an operator with the given role."""

    def signed_in(role: OperatorRole) -> Client:
        client = Client()
        client.force_login(operator(str(role), role))
        return client

    return signed_in
