"""Accounts follow the document's chapter on security."""

from datetime import UTC, datetime, timedelta

from toban.design.reader import read_design
from toban.engine.people.rules import FLOOR, AccountState, Hurdle, Lack, hurdle, rules_of

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 8. セキュリティ運用
### アクセス管理
- **MFA**: 本番環境アクセスは必須
- **パスワードポリシー**: 最小14文字、英字数字記号混在、90日毎変更
"""
RULES = rules_of(read_design(DOCUMENT, "運用設計書.md"))


def account(*, must_change: bool = False, age: timedelta = timedelta(0), factor: bool = True) -> AccountState:
    return AccountState(must_change, NOON - age, factor)


def test_the_documents_row_sets_password_length_and_character_classes() -> None:
    assert RULES.min_length == 14
    assert RULES.classes == (Lack.LETTERS, Lack.DIGITS, Lack.SYMBOLS)
    assert RULES.password_citation == "運用設計書.md:5"


def test_everything_a_password_lacks_is_reported_at_once() -> None:
    assert list(RULES.lacks("abc")) == [Lack.LENGTH, Lack.DIGITS, Lack.SYMBOLS]


def test_a_password_of_exactly_the_minimum_length_is_accepted() -> None:
    assert list(RULES.lacks("abcdefghij-123")) == []
    assert list(RULES.lacks("abcdefghi-123")) == [Lack.LENGTH]


def test_a_password_expires_exactly_at_the_documents_maximum_age() -> None:
    assert hurdle(account(age=timedelta(days=90)), RULES, NOON) is Hurdle.RENEW_PASSWORD
    assert hurdle(account(age=timedelta(days=90, microseconds=-1)), RULES, NOON) is None


def test_a_one_time_password_must_be_changed_before_anything_else() -> None:
    found = hurdle(account(must_change=True, age=timedelta(days=99), factor=False), RULES, NOON)

    assert found is Hurdle.CHANGE_PASSWORD


def test_an_account_without_a_second_factor_must_enrol_where_the_document_requires_one() -> None:
    assert hurdle(account(factor=False), RULES, NOON) is Hurdle.ENROL_FACTOR


def test_without_a_document_only_a_long_password_is_required() -> None:
    rules = rules_of(None)

    assert rules.min_length == FLOOR
    assert hurdle(account(factor=False, age=timedelta(days=9999)), rules, NOON) is None


def test_a_shorter_length_in_the_document_does_not_lower_the_minimum() -> None:
    design = read_design(
        "# 運用設計書\n## セキュリティ運用\n### アクセス管理\n- **パスワードポリシー**: 最小6文字\n", "d.md"
    )

    assert rules_of(design).min_length == FLOOR
