"""The document's rows about MFA and passwords show whether Toban's own accounts obey them."""

from dataclasses import replace
from datetime import UTC, datetime

from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.design.reader import read_design
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.report import AccountCounts, mfa_status, password_status
from toban.engine.people.rules import rules_of

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DESIGN = read_design(
    """\
## 8. セキュリティ運用

### アクセス管理
- **MFA**: 本番環境アクセスは必須
- **パスワードポリシー**: 最小14文字、英数字記号混在、90日毎変更
""",
    "運用設計書.md",
)
(MFA,) = DESIGN.of(MfaRule)
(POLICY,) = DESIGN.of(PasswordPolicy)
RULES = rules_of(DESIGN)
ACCOUNTS = AccountCounts(active=3, with_second_factor=2, to_renew=1)


def test_a_required_second_factor_is_kept_because_no_page_opens_without_one() -> None:
    status = mfa_status(MFA, RULES, ACCOUNTS, NOW)

    assert (status.verdict, str(status.value)) == (Verdict.CONFORMING, "2 / 3 アカウントが登録済み")
    assert "Toban のアカウントについての判定" in str(status.reason)


def test_an_optional_second_factor_leaves_nothing_to_judge() -> None:
    status = mfa_status(replace(MFA, is_required=False), RULES, ACCOUNTS, NOW)

    assert status.verdict is Verdict.DECLARED


def test_a_required_second_factor_that_is_not_asked_for_is_a_deviation() -> None:
    status = mfa_status(MFA, replace(RULES, needs_second_factor=False), ACCOUNTS, NOW)

    assert status.verdict is Verdict.DEVIATING


def test_a_password_policy_shows_the_rules_in_force_and_who_must_renew() -> None:
    status = password_status(POLICY, RULES, ACCOUNTS, NOW)

    assert status.verdict is Verdict.CONFORMING
    assert str(status.value) == "14文字以上、英字を含める、数字を含める、記号を含める、90日以内に変更"
    assert "変更が要るアカウント: 1" in str(status.reason)


def test_rules_in_force_that_ask_less_than_the_row_are_a_deviation() -> None:
    for weaker in (replace(RULES, min_length=12), replace(RULES, max_age=None), replace(RULES, classes=())):
        assert password_status(POLICY, weaker, ACCOUNTS, NOW).verdict is Verdict.DEVIATING
