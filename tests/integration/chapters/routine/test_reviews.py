"""Reviews that rows of chapters 8 and 12 order: tasks of the managing role, with what there is to review."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import PARTS

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.load import read_bindings
from toban.engine.changes.flagged import answer
from toban.engine.changes.models import Change
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tasks.facts import TaskFact, TaskOccasion, gathered

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 30, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
WEEK = timedelta(days=7)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 佐藤 | 平日9:00-18:00 |
## 8. セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|------|------|------|
| 脆弱性スキャン | 週次 | CVEチェック |
| ペネトレーションテスト | 年次 | 外部専門家による侵入テスト |
### アクセス管理
- **アクセス権限レビュー**: 四半期毎
- **退職者アカウント削除**: 即日
### 監査ログレビュー
- 重要操作 (ユーザー作成/削除、権限変更) を週次でレビュー
- 不審なアクセスパターンの検知
## 12. ドキュメント管理
### ドキュメント更新
- システム変更時に関連ドキュメントも更新
- 四半期毎にドキュメントレビュー
"""
BINDINGS = """
[people."運用責任者"]
name = "佐藤"
account = "sato"
"""


def edition_of(document: str = DOCUMENT, bindings: str = BINDINGS) -> Edition:
    read = read_bindings(bindings, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)


def occasion(text: str, edition: Edition | None = None) -> TaskOccasion:
    edition = edition or edition_of()
    (row,) = [each for each in edition.design.clauses if text in each.text]
    return TaskOccasion(edition, row, MONDAY - WEEK, MONDAY)


def facts(text: str) -> dict[str, TaskFact]:
    return {str(each.label): each for each in gathered(occasion(text), PARTS.ports, MONDAY)}


def test_each_review_with_a_time_is_a_task_of_the_managing_role() -> None:
    plan = edition_of().plan(OPERATION)

    asked = {work.task.name: str(work.schedule) for work in plan.works.values() if work.task is not None}
    assert asked == {
        "ペネトレーションテスト": "年次 1月 1日 09:00",
        "アクセス権限レビュー: 四半期毎": "四半期毎 1日 09:00",
        "重要操作 (ユーザー作成/削除、権限変更) を週次でレビュー": "毎週月曜 09:00",
        "四半期毎にドキュメントレビュー": "四半期毎 1日 09:00",
    }
    assert {work.task.roles for work in plan.works.values() if work.task is not None} == {("運用責任者",)}


def test_a_row_of_chapter_10_that_orders_the_same_goes_before() -> None:
    routine = """## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| アクセス権限レビュー | 四半期毎 | 運用責任者 | 棚卸し |
"""
    works = edition_of(DOCUMENT + routine).plan(OPERATION).works

    assert [key for key in works if "アクセス権限レビュー" in key] == ["routine/routine/アクセス権限レビュー"]


def test_without_an_account_the_row_says_what_to_write() -> None:
    rows = edition_of(bindings="").plan(OPERATION).rows

    assert len(rows) == 4
    (said,) = {str(each) for each in rows.values()}
    assert said.startswith("運用責任者の作業に署名できるアカウントがありません。")


def record(event: str, at: datetime, **content: object) -> None:
    kept = ledger.Record(LedgerEntry.Kind.AUDIT, {"event": event, **content}, actor="sato")
    ledger.append(kept, now=at)


def test_the_audit_review_counts_the_weeks_important_acts_and_names_each_about_accounts() -> None:
    record("role-changed", MONDAY - 2 * WEEK, operator="old", after="manager", before="viewer")
    record("role-changed", MONDAY - timedelta(days=1), operator="tanaka", after="manager", before="viewer")
    record("password-changed", MONDAY - timedelta(days=1))
    record("backups-pruned", MONDAY - timedelta(days=2), subject="DB", backups=[], objects=1, freed=1)

    found = facts("週次でレビュー")

    flagged = [each for each in found.values() if each.is_exception]
    assert [("tanaka" in str(each.value)) for each in flagged].count(True) == 1
    assert not any("old" in str(each.value) for each in flagged)
    assert len(flagged) == 2
    assert str(found["アカウント"].value) == "2件"
    assert found["アカウント"].link is not None
    assert str(found["リリース"].value) == "0件"


def test_each_flagged_change_is_answered_by_itself_before_the_review_is_signed() -> None:
    record("role-changed", MONDAY - timedelta(days=1), operator="tanaka", after="manager", before="viewer")
    record("backups-pruned", MONDAY - timedelta(days=2), subject="DB", backups=[], objects=1, freed=1)
    manager = Operator.objects.create_user("kanri", operator_role=OperatorRole.MANAGER)

    def undecided() -> list[str]:
        return [str(each.value) for each in facts("週次でレビュー").values() if each.is_undecided]

    first, _second = undecided()
    assert first.endswith("未回答")
    number = Change.objects.get(kind="account").pk
    answer(number, "本人に確かめた", by=Giver(manager), now=MONDAY)

    assert len(undecided()) == 1
    (answered,) = [each for each in facts("週次でレビュー").values() if "kanri" in str(each.value)]
    assert "kanri の回答: 本人に確かめた" in str(answered.value)
    assert not answered.is_undecided
    entry = LedgerEntry.objects.get(content__event="flagged-change-answered")
    assert (entry.actor, entry.content["entry"], entry.content["reason"]) == (
        "kanri",
        number,
        "本人に確かめた",
    )
    assert not Change.objects.filter(entry=entry).exists()


def test_what_toban_prunes_by_itself_is_shown_and_asks_nobody() -> None:
    content = {"event": "backups-pruned", "subject": "DB", "backups": [], "objects": 1, "freed": 1}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content), now=MONDAY - timedelta(days=2))

    (pruned,) = [each for each in facts("週次でレビュー").values() if each.is_exception]

    assert not pruned.is_undecided
    manager = Operator.objects.create_user("kanri", operator_role=OperatorRole.MANAGER)
    with pytest.raises(NotPossible):
        answer(Change.objects.get().pk, "見た", by=Giver(manager), now=MONDAY)


@pytest.mark.parametrize(
    ("name", "role", "remark"),
    [
        ("sato", OperatorRole.MANAGER, "自分でした"),
        ("kanri", OperatorRole.DEVELOPER, "見た"),
        ("kanri", OperatorRole.MANAGER, " "),
    ],
    ids=["own", "developer", "blank"],
)
def test_nobody_answers_their_own_change_and_managers_alone_answer_with_words(
    name: str, role: OperatorRole, remark: str
) -> None:
    record("role-changed", MONDAY - timedelta(days=1), operator="tanaka", after="manager", before="viewer")
    account = Operator.objects.create_user(name, operator_role=role)

    with pytest.raises(NotPossible):
        answer(Change.objects.get().pk, remark, by=Giver(account), now=MONDAY)


def test_beyond_those_that_are_shown_singly_the_unanswered_are_counted() -> None:
    for number in range(52):
        record(
            "role-changed",
            MONDAY - timedelta(hours=number + 1),
            operator=f"o{number}",
            after="manager",
            before="viewer",
        )

    found = [each for each in gathered(occasion("週次でレビュー"), PARTS.ports, MONDAY) if each.is_undecided]

    assert len(found) == 51
    assert str(found[-1].value) == "ほかに 2 件、うち未回答 2 件"


def test_the_access_review_names_every_account_and_what_is_odd() -> None:
    for name, role in (("sato", OperatorRole.MANAGER), ("tanaka", OperatorRole.DEVELOPER)):
        Operator.objects.create_user(name, operator_role=role)
    Operator.objects.create_user("gone", operator_role=OperatorRole.VIEWER, is_active=False)
    Operator.objects.update(date_joined=MONDAY - 20 * WEEK, last_login=MONDAY - timedelta(days=1))
    Operator.objects.filter(username="tanaka").update(last_login=MONDAY - 14 * WEEK)

    found = facts("アクセス権限レビュー")

    assert list(found) == ["Toban", "tanaka", "sato"]
    assert "まだ読んでいません" in str(found["Toban"].value)
    assert "特権" in str(found["sato"].value)
    assert "佐藤" in str(found["sato"].value) or "運用責任者" in str(found["sato"].value)
    assert "90日サインインなし" in str(found["tanaka"].value)
    assert "のだれのものでもない" in str(found["tanaka"].value)
    assert all(each.is_exception for each in found.values())


def test_other_tasks_get_none_of_these_facts() -> None:
    assert facts("ペネトレーションテスト") == {}
