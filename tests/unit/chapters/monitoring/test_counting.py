"""The document's words for log rows, as a search."""

import pytest

from toban.chapters.monitoring.counting import Counting, counting_of, search_of
from toban.chapters.monitoring.limits import limits_of
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design

KINDS = ("access", "application", "error")


@pytest.mark.parametrize(
    ("words", "search"),
    [
        ("ERROR", "level:ERROR"),
        ("ERRORログ", "level:ERROR"),
        ("FATAL ログの件数", "level:CRITICAL"),
        ("warnレベルのログ", "level:WARNING"),
        ("エラーログ", "kind:error"),
        ("エラー件数", "kind:error"),
        ("アクセスログ件数", "kind:access"),
        ("5xx", "status:>=500 status:<600"),
        ("4xxエラー", "status:>=400 status:<500"),
        ("「card declined」を含むログ", '"card declined"'),
        ("timeout を含むログ", '"timeout"'),
        ("ログ「card declined」", '"card declined"'),
        ("level:error service:api", "level:error service:api"),
        ("ログ", ""),
        ("ログ件数", ""),
        ("Workflow異常", None),
        ("同時接続数", None),
        ("status:>=many", None),
    ],
)
def test_the_documents_words_for_log_rows_are_recognised(words: str, search: str | None) -> None:
    assert search_of(words, KINDS) == search


def test_without_an_error_log_errors_are_counted_by_level() -> None:
    assert search_of("エラーログ", ("application",)) == "level:ERROR"


def counted(row: str) -> Counting:
    text = f"""# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
{row}
"""
    (monitor,) = read_design(text, "運用設計書.md").of(Monitor)
    return counting_of(monitor, limits_of(monitor), KINDS)


@pytest.mark.parametrize(
    ("row", "search", "minutes"),
    [
        ("| API | ERRORログ | 0-2件 | 5分間に3件以上 | 5分間に10件以上 | 1分 |", "level:ERROR", 5),
        ("| API | エラーログ件数 | - | - | 5分間に ERROR 10件以上 | 1分 |", "level:ERROR", 5),
        ("| API | エラーログ件数 | - | - | 1分間に level:error 5 件以上 | 1分 |", "level:error", 1),
        ("| API | ログ | - | 1時間に timeout を含むログ 3件以上 | - | 1分 |", '"timeout"', 60),
        ("| API | 5xx | - | > 50/min | - | 1分 |", "status:>=500 status:<600", 1),
        ("| API | 決済の失敗 | - | 5分間に1件以上 | - | 1分 |", None, 5),
        ("| API | ログイン失敗 | - | 5分で5件以上 | - | 1分 |", None, 5),
        ("| API | 再起動 | - | > 3回/時間 | - | 1分 |", None, 60),
        ("| API | ERROR | - | 10件/分 | - | 1分 |", "level:ERROR", 1),
    ],
)
def test_the_search_of_a_counting_row_is_derived_from_its_text(
    row: str, search: str | None, minutes: int
) -> None:
    found = counted(row)

    assert found.search == search
    assert found.window is not None
    assert found.window.total_seconds() == 60 * minutes


def test_a_row_may_leave_its_window_to_the_bindings() -> None:
    assert counted("| API | ERRORログ | - | 3件 | 10件 | 1分 |").window is None


def test_a_condition_in_a_list_is_counted_like_a_row() -> None:
    text = "# 運用設計書\n## 2. 監視\n### アラート条件\n- 5分間に ERROR 10件以上\n"
    (monitor,) = read_design(text, "運用設計書.md").of(Monitor)

    assert counting_of(monitor, limits_of(monitor), KINDS).search == "level:ERROR"
