"""Alerts as symptoms of known failures."""

import pytest

from toban.chapters.incident.remedies.matching import match, symptom
from toban.design.clauses.incident import FailurePattern
from toban.design.reader import read_design
from toban.engine.notify.signal import Condition

DOCUMENT = """# 運用設計書
## 7. 障害対応
### 主要障害パターンと対処
| 障害パターン | 原因 | 対処 |
|------------|------|------|
| Webサーバーダウン | プロセス停止 | プロセス再起動 |
| DBサーバーダウン | 接続不可 | DBサーバー再起動、フェイルオーバー |
| ディスク容量不足 | ログ肥大化 | ログクリーンアップ、ディスク拡張 |
| APIレスポンス遅延 | 高負荷 | スケールアウト、キャッシュ有効化 |
| エラー率急増 | バグ混入 | ロールバック |
"""
PATTERNS = read_design(DOCUMENT, "運用設計書.md").of(FailurePattern)


def failure(
    target: str, item: str, condition: Condition = Condition.CRITICAL, silent: tuple[str, ...] = ()
) -> str:
    found = match(symptom({"target": target, "item": item}, condition, silent), PATTERNS)
    return "" if found is None else found.row.name


@pytest.mark.parametrize(
    ("target", "item", "name"),
    [
        ("Webサーバー", "up", "Webサーバーダウン"),
        ("DBサーバー", "up", "DBサーバーダウン"),
        ("DBサーバー", "disk_usage_percent", "ディスク容量不足"),
        ("Webサーバー", "disk_usage_percent", "ディスク容量不足"),
        ("APIサーバー", "response_time_ms", "APIレスポンス遅延"),
        ("Webサーバー", "error_rate_percent", "エラー率急増"),
        ("Webサーバー", "response_time_ms", ""),
        ("キャッシュ", "up", ""),
        ("Webサーバー", "cpu_usage_percent", ""),
        ("Webサーバー", "capacity", ""),
        ("", "error_rate_percent", ""),
    ],
)
def test_an_alert_is_the_symptom_of_the_row_about_its_metric_and_target(
    target: str, item: str, name: str
) -> None:
    assert failure(target, item) == name


def test_a_warning_is_a_symptom_and_what_is_well_is_none() -> None:
    assert failure("Webサーバー", "disk_usage_percent", Condition.WARNING) == "ディスク容量不足"
    assert failure("Webサーバー", "disk_usage_percent", Condition.OK) == ""
    assert failure("Webサーバー", "disk_usage_percent", Condition.INFO) == ""


def test_missing_data_is_a_symptom_only_if_nothing_at_all_is_measured_of_the_target() -> None:
    assert failure("Webサーバー", "cpu_usage_percent", Condition.NO_DATA) == ""
    assert failure("Webサーバー", "cpu_usage_percent", Condition.NO_DATA, ("DBサーバー",)) == ""
    down = failure("Webサーバー", "cpu_usage_percent", Condition.NO_DATA, ("Webサーバー",))
    assert down == "Webサーバーダウン"


def test_the_reason_names_the_failure_the_target_and_what_is_measured() -> None:
    found = match(symptom({"target": "Webサーバー", "item": "up"}, Condition.CRITICAL, ()), PATTERNS)

    assert found is not None
    assert str(found.why) == "Webサーバーダウン は Webサーバー の死活に表れます"
