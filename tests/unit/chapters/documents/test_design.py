"""What chapter 12's rows say of themselves."""

import pytest

from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.design.reader import read_design

HEAD = "# 運用設計書\n## 12. ドキュメント管理\n"


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("システム構成図", ("monitoring", "settings")),
        ("障害対応手順書", ("monitoring", "backup", "incident")),
        ("緊急連絡先一覧", ("duty", "objectives")),
        ("運用手順書", ("logs", "backup", "release", "batch", "security", "routine")),
        ("Network diagram", ("monitoring", "settings")),
        ("用語集", ("document", "settings", "release")),
    ],
)
def test_a_name_says_what_a_document_is_about(name: str, about: tuple[str, ...]) -> None:
    table = "### 運用ドキュメント一覧\n| ドキュメント名 | 更新頻度 | 管理場所 |\n|---|---|---|\n"
    (row,) = read_design(f"{HEAD}{table}| {name} | 変更時 | Git |\n", "d.md").of(ManagedDocument)

    assert row.follows_changes
    assert row.subjects == about


@pytest.mark.parametrize(
    ("sentence", "follows", "is_same_day"),
    [
        ("システム変更時に関連ドキュメントも更新", True, False),
        ("仕組みを変えたら、その日のうちに文書も直す", True, True),
        ("四半期毎にドキュメントレビュー", False, False),
        ("文書は Git で管理する", False, False),
        ("四半期毎に変更履歴を確認", False, False),
    ],
)
def test_a_rule_follows_changes_if_it_says_so(sentence: str, follows: bool, is_same_day: bool) -> None:
    (row,) = read_design(f"{HEAD}### ドキュメント更新\n- {sentence}\n", "d.md").of(DocumentRule)

    assert (row.follows_changes, row.is_same_day) == (follows, is_same_day)
