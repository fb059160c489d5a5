"""What a decision promises, in the words of many documents: read with a margin, or left as a record."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from toban.design.clauses.decisions import Decision, DecisionSubject, elsewhere, gaps, unwatched
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design

type Read = Callable[..., Design]

MONITORS = (
    "## 監視",
    "### 監視項目",
    "| 対象 | 監視項目 | 警告 | 異常 | 監視間隔 |",
    "|---|---|---|---|---|",
    "| Webサーバー | CPU使用率 | 70% | 85% | 1分 |",
    "| Webサーバー | メモリ使用率 | 80% | 90% | 1分 |",
    "| DB | CPU使用率 | 70% | 85% | 1分 |",
    "| API | レスポンスタイム | 500ms | 1000ms | 1分 |",
    "| API | エラー率 | 0.1% | 1% | 1分 |",
)
LOGS = (
    "## ログ管理",
    "### ログ種別",
    "| ログ種別 | 内容 | 出力先 | 保存期間 |",
    "|---|---|---|---|",
    "| アクセスログ | 要求と応答 | CloudWatch Logs | 90日 |",
    "| アプリログ | 処理の経過 | 標準出力 | 90日 |",
    "| エラーログ | 失敗 | /var/log/app/error.log | 90日 |",
    "| 監査ログ | 権限の変更 | S3 | 1年 |",
)


def decision(read: Read, text: str, *above: str) -> tuple[Decision, Design]:
    design = read(*above, "## 重要な設計判断", f"- {text}")
    (found,) = design.of(Decision)
    return found, design


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("メトリクス監視: CPU/メモリ/ディスク/ネットワーク", DecisionSubject.METRICS),
        ("リソース監視: CPU、メモリを1分毎に収集する", DecisionSubject.METRICS),
        ("サーバー監視: サーバーとDBのCPU使用率", DecisionSubject.METRICS),
        ("CPU・メモリ・ディスクのメトリクスを監視する", DecisionSubject.METRICS),
        ("Host monitoring: CPU, memory, disk and network on every host", DecisionSubject.METRICS),
        ("APM: API レスポンスタイム、エラー率", DecisionSubject.APM),
        ("性能監視: レイテンシとエラー率", DecisionSubject.APM),
        ("Application performance monitoring: response time and error rate", DecisionSubject.APM),
        ("ログ集約: CloudWatch Logs で一元管理", DecisionSubject.CENTRAL_LOGS),
        ("ログ: 一か所に集めて探せるようにする", DecisionSubject.CENTRAL_LOGS),
        ("Logging: all logs are centralized in Datadog", DecisionSubject.CENTRAL_LOGS),
        ("RPO 1時間: 1時間毎の増分バックアップ", DecisionSubject.RPO),
        ("目標復旧時点: 15分", DecisionSubject.RPO),
        ("Recovery point objective: 15 minutes by shipped WAL", DecisionSubject.RPO),
        ("RTO 4時間: 手順書整備、定期訓練", DecisionSubject.RTO),
        ("RTO: 4 hours, rehearsed every quarter", DecisionSubject.RTO),
        ("即時検知: 監視アラートで1分以内に検知", DecisionSubject.DETECTION),
        ("Detection: every outage is detected within 1 minute", DecisionSubject.DETECTION),
        ("迅速復旧: ロールバック手順の自動化", DecisionSubject.ROLLBACK),
        ("ロールバック: 手動操作なしで前の版に戻す", DecisionSubject.ROLLBACK),
        ("Rollback: automated, one command", DecisionSubject.ROLLBACK),
        ("Rollbacks: without manual steps", DecisionSubject.ROLLBACK),
        ("再発防止: 障害後は必ず報告書作成、再発防止策実施", DecisionSubject.PREVENTION),
        ("Postmortems: every incident gets a blameless postmortem", DecisionSubject.PREVENTION),
    ],
)
def test_a_decision_that_evidence_can_test_says_about_what(
    read: Read, text: str, subject: DecisionSubject
) -> None:
    assert decision(read, text)[0].subject is subject


@pytest.mark.parametrize(
    "text",
    [
        "可用性: マルチAZ構成",
        "メトリクス監視: Prometheus / Grafana",
        "メトリクス監視: CPU/メモリ/GPU",
        "APM: New Relic",
        "ログ: 90日保存する",
        "ログ集約: ログの集約は今後検討",
        "Logging: logs are not centralized",
        "RPO: できるだけ短く",
        "RPO 1時間 / RTO 4時間: 増分バックアップ",
        "一次対応: 障害の検知後3分以内に当番が確認する",
        "切り戻し: 手順書を整備する",
        "ロールバック: 半自動",
        "ロールバック: 手動で行うが、検証は自動",
        "再発防止: 報告書は不要",
        "障害対応: 1分以内に検知し、ロールバックを自動化",
    ],
)
def test_what_no_evidence_could_test_for_certain_stays_a_record(read: Read, text: str) -> None:
    assert decision(read, text)[0].subject is None


def test_metrics_are_named_as_the_document_spells_them(read: Read) -> None:
    found, design = decision(read, "メトリクス監視: CPU/メモリ/ディスク/ネットワーク (1分毎)", *MONITORS)

    assert found.metrics == ("CPU", "メモリ", "ディスク", "ネットワーク")
    assert unwatched(found, design.of(Monitor)) == ("ディスク", "ネットワーク")


def test_every_target_on_which_some_metric_is_watched_is_to_have_all_that_are_watched(read: Read) -> None:
    found, design = decision(read, "メトリクス監視: CPU/メモリ/ディスク", *MONITORS)

    # Nobody asks for the CPU of the API; that no row has the disk is said once, and not of every target.
    assert gaps(found, design.of(Monitor)) == (("DB", "メモリ"),)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ログ集約: CloudWatch Logs で一元管理", "CloudWatch Logs"),
        ("ログ管理: 全ログを Datadog に集約", "Datadog"),
        ("ログ集約: アプリのログは Fluentd 経由で S3 に集約", "S3"),
        ("Logging: all logs are centralized in Grafana Loki.", "Grafana Loki"),
        ("ログ集約: 一か所に集めて探せるようにする", ""),
        ("Logs: aggregated in one place", ""),
    ],
)
def test_the_place_of_all_logs_is_named_or_left_open(read: Read, text: str, place: str) -> None:
    assert decision(read, text)[0].place == place


@pytest.mark.parametrize(
    ("text", "away"),
    [
        ("ログ集約: CloudWatch Logs で一元管理", ["監査ログ"]),
        ("ログ集約: CloudWatch で一元管理", ["監査ログ"]),
        ("ログ集約: S3 に集約", ["アクセスログ"]),
        ("ログ集約: 一か所に集めて探せるようにする", []),
    ],
)
def test_a_log_that_goes_to_another_place_is_elsewhere_but_one_that_is_collected_is_not(
    read: Read, text: str, away: list[str]
) -> None:
    found, design = decision(read, text, *LOGS)

    assert [row.name for row in elsewhere(found, design.of(LogKind))] == away


def test_a_promise_in_english_has_its_time(read: Read) -> None:
    promised = decision(read, "RTO: 4 hours, rehearsed every quarter")[0].promised

    assert promised is not None
    assert promised.as_timedelta() == timedelta(hours=4)
