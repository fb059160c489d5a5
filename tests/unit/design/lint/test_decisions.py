"""Decisions against the chapters that should keep them: what is unclear is no finding."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]

MONITORS = """## 監視

### 監視項目
| 対象 | 監視項目 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|
| Webサーバー | CPU使用率 | 70% | 85% | 1分 |
| Webサーバー | NW受信帯域 | 70% | 85% | 1分 |

"""
LOGS = """## ログ管理

### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | 要求と応答 | CloudWatch Logs | 90日 |
| 監査ログ | 権限の変更 | S3 | 1年 |

"""


@pytest.mark.parametrize(
    ("decision", "count"),
    [
        ("メトリクス監視: CPU/ディスク", 1),
        ("メトリクス監視: CPU/ネットワーク", 0),
        ("APM: レスポンスタイム", 1),
        ("メトリクス監視: Prometheus", 0),
    ],
)
def test_a_metric_that_no_row_watches_is_found(find: Find, decision: str, count: int) -> None:
    assert len(find("MN007", f"{MONITORS}## 設計判断\n\n- {decision}\n")) == count


def test_a_document_without_monitors_leaves_them_to_another(find: Find) -> None:
    assert find("MN007", "## 設計判断\n\n- メトリクス監視: CPU/ディスク\n") == []


@pytest.mark.parametrize(
    ("decision", "count"),
    [
        ("ログ集約: CloudWatch Logs で一元管理", 1),
        ("ログ集約: 一か所に集める", 0),
        ("ログ集約: CloudWatch Logs での一元管理は行わない", 0),
    ],
)
def test_logs_that_go_elsewhere_than_decided_are_found(find: Find, decision: str, count: int) -> None:
    assert len(find("LG002", f"{LOGS}## 設計判断\n\n- {decision}\n")) == count
