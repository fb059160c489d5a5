"""Which rows are watched all the time."""

import pytest

from toban.design.acts import is_access_watch
from toban.design.clauses.security import AuditReview
from toban.design.reader import read_design

HEAD = "# 運用設計書\n## セキュリティ運用\n### 監査ログレビュー\n"


@pytest.mark.parametrize(
    ("line", "is_watched"),
    [
        ("不審なアクセスパターンの検知", True),
        ("いつもと違うアクセスを見つける", True),
        ("Detect suspicious access patterns", True),
        ("不審なアクセスを週次でレビュー", False),
        ("重要操作の記録を残す", False),
    ],
)
def test_a_row_without_a_time_about_suspicious_access_is_watched(line: str, is_watched: bool) -> None:
    [row] = read_design(f"{HEAD}- {line}\n", "a.md").of(AuditReview)

    assert is_access_watch(row) is is_watched
