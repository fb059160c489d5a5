"""Shapes of designs and runbooks of small teams that the reader had not seen: read whole, or asked about."""

import pytest
from tests.unit.design.conftest import Read
from tests.unit.design.reading.test_strangers import fence

from toban.design.clauses.backup import BackupPolicy, BackupProcedure, RecoveryObjective, RestoreProcedure
from toban.design.clauses.decisions import Decision
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.incident import IncidentLevel
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.clauses.routine import Routine


@pytest.mark.parametrize("column", ["アラート重要度", "通知レベル", "重み"])
def test_one_row_without_a_level_does_not_take_the_others_levels(read: Read, column: str) -> None:
    design = read(
        "## DBメトリクス",
        f"| メトリクス名 | 閾値 | {column} |",
        "|-|-|-|",
        "| ReplicaLag | > 60秒 | Critical |",
        "| CPUUtilization | > 75% | Warning |",
        "| RequestCount | - | 監視のみ |",
    )
    lag, cpu, count = design.of(Monitor)
    assert lag.critical
    assert not lag.warning
    assert cpu.warning
    assert not cpu.critical
    assert not (count.warning)
    assert not (count.critical)


@pytest.mark.parametrize(
    "lines",
    [
        (
            "## 手動バックアップ",
            fence("# 全体", "make backup", "# DBのみ", "make db", "# 画像のみ", "tar czf a b"),
        ),
        ("## Restore", fence("psql shop < a.sql", "# up to a moment", "pg_restore -d shop a.dump")),
        ("## Restore drill", "### Quick start", fence("./restore_run.sh"), "", "## Time", "- 20 minutes"),
    ],
)
def test_what_is_for_one_case_each_is_no_procedure(read: Read, lines: tuple[str, ...]) -> None:
    design = read(*lines)
    assert not design.of(BackupProcedure)
    assert not design.of(RestoreProcedure)


def test_two_databases_are_restored_one_after_the_other(read: Read) -> None:
    design = read("## Restore", fence("psql -d roles < roles.sql", "pg_restore -d shop shop.dump"))
    assert [len(each.commands) for each in design.of(RestoreProcedure)] == [2]


ALARM = """
| 項目 | 値 |
|-|-|
| アラーム名 | {name} |
| メトリクス | {metric} |
| 統計 | {statistic} |
| 期間 | 300秒 (5分) |
| 評価期間 | {times} |
| 閾値 | {limit} |
"""


def alarm(metric: str, limit: str, *, statistic: str = "Average", times: str = "1回") -> str:
    return ALARM.format(name="db-alarm", metric=metric, statistic=statistic, times=times, limit=limit)


def test_an_alarm_as_a_table_of_its_fields_is_one_monitor(read: Read) -> None:
    design = read(
        "## アラーム一覧",
        *("### DBアラーム", "#### 1. CPU使用率 (Warning)", alarm("CPUUtilization", "> 75%", times="2回連続")),
        *("### WEBアラーム", "#### 1. CPU使用率 (Warning)", alarm("CPUUtilization", "> 70%")),
        *("#### 2. エラー (Critical)", alarm("HTTPCode_5XX_Count", "> 50", statistic="Sum")),
    )
    database, web, errors = design.of(Monitor)
    assert (database.target, web.target) == ("DB", "WEB")
    assert database.warning
    assert database.warning.consecutive == 2
    assert database.interval
    assert str(database.interval) == "300秒"
    assert web.warning
    assert web.warning.consecutive is None
    assert errors.critical
    assert str(errors.critical.within) == "300秒"
    assert not errors.warning


def test_an_alarm_of_a_sum_over_an_unknown_period_is_asked_about(read: Read) -> None:
    table = alarm("HTTPCode_5XX_Count", "> 50", statistic="Sum").replace("300秒 (5分)", "標準")
    assert not read("## アラーム一覧", "### 1. エラー (Critical)", table).of(Monitor)


def test_an_identifier_names_the_level_of_its_alarm(read: Read) -> None:
    design = read(
        "## アラーム",
        "| アラーム名 | メトリクス | 閾値 | アクション |",
        "|-|-|-|-|",
        "| db-cpu-critical | DB CPU使用率 | > 90% | db-alerts |",
        "| db-disk-warning | DB ディスク使用率 | > 80% | db-alerts |",
    )
    assert [bool(each.critical) for each in design.of(Monitor)] == [True, False]


@pytest.mark.parametrize("heading", ["ステージング環境", "Staging", "検証環境のアラート"])
def test_what_stands_below_another_environment_is_not_in_force(read: Read, heading: str) -> None:
    table = ("| メトリクス | 警告 | 異常 |", "|-|-|-|", "| CPU使用率 | 70% | 80% |")
    assert len(read("## アラート", "### 本番環境", *table).of(Monitor)) == 1
    design = read("## アラート", f"### {heading}", *table)
    assert [row.reason.code for row in design.not_in_force] == ["design.another-environment"]


def test_development_is_an_environment_only_where_environments_follow(read: Read) -> None:
    entry = "- Error rate: < 5%"
    assert read("## SLO targets", "### Development", entry).of(Objective)
    assert not read("## SLO targets by environment", "### Development", entry).of(Objective)


def test_rto_and_rpo_in_running_text_are_of_their_heading(read: Read) -> None:
    design = read(
        "## 障害シナリオ",
        *("### DBの破損", "**RTO**: 2時間\n**RPO**: 1時間\n", "### リージョンの停止", "**RTO**: 4時間\n"),
    )
    assert [(each.subject, each.objective) for each in design.of(RecoveryObjective)] == [
        ("DBの破損", "RTO"),
        ("DBの破損", "RPO"),
        ("リージョンの停止", "RTO"),
    ]


def test_rto_and_rpo_are_known_by_their_names_in_full(read: Read) -> None:
    design = read(
        "## Objectives",
        "| Environment | Recovery Time Objective (RTO) | Recovery Point Objective (RPO) |",
        "|-|-|-|",
        "| Production | **4 hours** | **24 hours** |",
    )
    assert [str(each.limit) for each in design.of(RecoveryObjective)] == ["24時間", "4時間"]


def test_a_backup_as_a_table_of_its_facts_is_one_policy(read: Read) -> None:
    design = read(
        "## RDSバックアップ",
        "### 自動バックアップ設定",
        "| 項目 | 本番環境 | ステージング環境 |",
        "|-|-|-|",
        "| バックアップ保持期間 | 30日 | 7日 |",
        "| バックアップウィンドウ | 03:00-04:00 JST | 任意 |",
        "| スナップショット頻度 | 日次 | 日次 |",
    )
    (policy,) = design.of(BackupPolicy)
    assert policy.subject == "RDSバックアップ"
    assert (str(policy.retention), policy.schedules[0].is_timed) == ("30日", True)


@pytest.mark.parametrize("column", ["訓練種別", "テスト種別", "レポート名", "Drill type"])
def test_drills_and_reports_with_their_frequency_are_tasks(read: Read, column: str) -> None:
    design = read("## 計画", f"| {column} | 頻度 | 内容 |", "|-|-|-|", "| 机上 | 四半期ごと | 全員で読む |")
    assert [each.name for each in design.of(Routine)] == ["机上"]


def test_severities_in_a_list_are_levels_unless_they_say_times(read: Read) -> None:
    design = read(
        "## Incident classification",
        "- **P0 (Critical)**: Complete outage",
        "- **P1 (High)**: A main function fails, fixed in 4 hours",
    )
    assert [each.name for each in design.of(IncidentLevel)] == ["P0 (Critical)"]


def test_times_of_operations_are_objectives(read: Read) -> None:
    design = read(
        "## 性能目標",
        "### レスポンス時間要件",
        "| 操作 | 目標時間 | 最大許容時間 |",
        "|-|-|-|",
        "| 画面の表示 | 1秒 | 3秒 |",
    )
    assert [str(each.target.limit) for each in design.of(Objective)] == ["1秒", "3秒"]


def test_an_alarm_is_over_its_period_and_of_the_level_of_its_topic(read: Read) -> None:
    design = read(
        "## アラーム設計",
        "| Alarm名 | メトリクス | しきい値 | 期間 | アクション |",
        "|-|-|-|-|-|",
        "| CPU-High | CPUUtilization | > 80% | 5分間 | SNS通知（Warning） |",
        "| Tasks-Low | RunningTaskCount | < 1 | 1分間 | SNS通知（Critical） |",
        "| Requests | RequestCount | > 900件 | 5分間 | SNS通知（Info） |",
    )
    cpu, tasks = design.of(Monitor)
    assert cpu.warning
    assert str(cpu.warning.within) == "5分"
    assert tasks.critical
    assert not tasks.warning
    assert [row.text.partition(" |")[0] for row in design.unread] == ["Requests"]


@pytest.mark.parametrize(
    ("heading", "is_critical"),
    [("Sev 1 (High) アラート", True), ("Sev 2 (Warning) アラート", False), ("Sev 0 (Critical) alerts", True)],
)
def test_a_heading_gives_a_level_in_two_words(read: Read, heading: str, is_critical: bool) -> None:
    table = ("| アラート名 | 条件 |", "|-|-|", "| CPU使用率 | > 85% |")
    (monitor,) = read("## アラート設計", f"### {heading}", *table).of(Monitor)
    assert bool(monitor.critical) is is_critical


def test_how_many_hold_a_role_is_nobody(read: Read) -> None:
    design = read(
        "## 運用体制",
        "| 役割 | 担当 | 責務 |",
        "|-|-|-|",
        "| 一次窓口 | 2名 | 受付 |",
        "| 責任者 | 佐藤 | 承認 |",
    )
    assert [each.holder for each in design.of(DutyRole)] == ["", "佐藤"]


def test_a_task_in_a_heading_with_its_owner_below_is_one_task(read: Read) -> None:
    design = read("## 日常運用", "### 終業チェック（毎日 17:30）", "**担当**: 窓口\n**所要時間**: 10分\n")
    assert [(each.name, each.owner) for each in design.of(Routine)] == [("終業チェック", "窓口")]


def test_aims_beside_limits_are_the_normal_side_of_a_monitor(read: Read) -> None:
    limits = ("| 指標 | 目標値 | 警告閾値 | 危険閾値 |", "|-|-|-|-|", "| CPU使用率 | < 50% | > 70% | > 85% |")
    (monitor,) = read("## パフォーマンス指標", *limits).of(Monitor)
    assert monitor.normal
    assert monitor.warning
    assert monitor.critical
    aims = ("| 指標 | 目標値 | 測定方法 |", "|-|-|-|", "| 稼働率 | 99.9% | 外形監視 |")
    assert read("## 目標", *aims).of(Objective)
    assert not read("## 目標", *aims).of(Monitor)


def test_an_objective_is_known_by_its_own_columns(read: Read) -> None:
    design = read(
        "## SLO",
        "| SLO | Target | Measurement window | Severity |",
        "|-|-|-|-|",
        "| Availability | ≥99.5% | 28 days | Critical |",
        "",
        "| エンドポイント | P95 目標 |",
        "|-|-|",
        "| GET /health | < 100ms |",
    )
    assert [str(each.target) for each in design.of(Objective)] == ["99.5%以上", "p95 100ms未満"]


def test_what_is_still_considered_is_not_decided(read: Read) -> None:
    design = read("## 設計判断", "- 検証の範囲: 7日保持", "- 本番: 30日〜90日検討")
    assert [each.name for each in design.of(Decision)] == ["検証の範囲"]


def test_limits_are_known_by_a_level_in_either_language(read: Read) -> None:
    design = read(
        "## CPU監視",
        "| メトリクス | 説明 | Warning閾値 | Critical閾値 |",
        "|-|-|-|-|",
        "| CPU使用率 | 全体 | 70% | 90% |",
        "| 接続数 | 全体 | 上限の70% | 上限の85% |",
    )
    assert [each.item for each in design.of(Monitor)] == ["CPU使用率"]


def test_a_day_and_a_time_in_a_column_each_are_one_schedule(read: Read) -> None:
    design = read(
        "## 週次メンテナンス",
        "| No. | タスク | 実施曜日 | 実施時間帯 |",
        "|-|-|-|-|",
        "| W-01 | 索引の最適化 | 日曜日 | 03:00-04:00 |",
    )
    assert [str(each.schedule.at) for each in design.of(Routine)] == ["03:00:00"]


@pytest.mark.parametrize("columns", ["曜日 | 時刻", "曜日 | 時間帯", "実施日 | 時間", "Day | Time"])
def test_the_day_counts_beside_a_time_of_any_name(columns: str, read: Read) -> None:
    design = read("## 定期作業", f"| タスク | {columns} |", "|-|-|-|", "| 索引の最適化 | 日曜日 | 03:00 |")
    assert [str(each.schedule) for each in design.of(Routine)] == ["毎週日曜 03:00"]


@pytest.mark.parametrize(
    ("often", "day", "time", "schedule"),
    [
        ("隔週", "日曜日", "03:00", "隔週日曜 03:00"),
        ("月次", "第2日曜日", "03:00", "毎月第2日曜 03:00"),
        ("毎日", "-", "03:00", "日次 03:00"),
        ("-", "日曜日", "03:00", "毎週日曜 03:00"),
    ],
)
def test_how_often_day_and_time_may_have_a_column_each(
    often: str, day: str, time: str, schedule: str, read: Read
) -> None:
    design = read(
        "## 定期作業",
        "| タスク | 頻度 | 実施日 | 時間帯 |",
        "|-|-|-|-|",
        f"| 索引の最適化 | {often} | {day} | {time} |",
    )
    assert [str(each.schedule) for each in design.of(Routine)] == [schedule]


def test_a_quarter_is_not_read_as_a_month_because_a_day_stands_beside_it(read: Read) -> None:
    design = read(
        "## 定期作業",
        "| タスク | 頻度 | 実施日 | 時間帯 |",
        "|-|-|-|-|",
        "| 索引の最適化 | 四半期 | 第1日曜日 | 03:00-04:00 |",
    )
    assert design.of(Routine) == ()
    assert len(design.unread) == 1


def test_a_row_with_two_levels_that_disagree_is_no_level(read: Read) -> None:
    design = read(
        "## 障害の重要度",
        "| Severity | レベル | 説明 | 対応時間 |",
        "|-|-|-|-|",
        "| P1-Critical | 緊急 | 全面停止 | 即時 |",
        "| P2-High | 重大 | 主要機能の停止 | 30分以内 |",
    )
    assert [each.definition for each in design.of(IncidentLevel)] == ["全面停止"]


def test_a_period_of_generations_is_a_number_of_copies(read: Read) -> None:
    design = read(
        "## バックアップスケジュール",
        "| 対象 | 方式 | 頻度 | 保持期間 |",
        "|-|-|-|-|",
        "| 受注DB | フル | 週次（日曜） | 4世代 |",
    )
    assert [(str(each.generations), each.retention) for each in design.of(BackupPolicy)] == [("4世代", None)]


def test_a_target_is_of_the_measure_that_its_heading_names(read: Read) -> None:
    design = read("## SLO", "### API response time", "- **Target**: < 250ms", "- **Indicator**: p95")
    assert [(each.name, str(each.target)) for each in design.of(Objective)] == [
        ("API response time", "250ms未満")
    ]
    assert not read("## SLO", "### Checkout", "- **Target**: < 250ms", "- **Owner**: shop").of(Objective)


@pytest.mark.parametrize("column", ["サービス階層", "ティア"])
def test_tiers_have_objectives(read: Read, column: str) -> None:
    design = read("## 復旧目標", f"| {column} | RTO | RPO |", "|-|-|-|", "| 基幹 | 1時間 | 15分 |")
    assert [each.subject for each in design.of(RecoveryObjective)] == ["基幹", "基幹"]


def test_a_measure_with_its_aim_and_its_measurement_is_an_objective_below_any_heading(read: Read) -> None:
    design = read(
        "## モニタリング指標",
        "| 指標 | 目標値 | 測定方法 |",
        "|-|-|-|",
        "| API応答時間 | P95 < 500ms | CloudWatch Logs |",
        "| 満足度 | 80%以上 | アンケート |",
    )
    assert [(each.name, str(each.target)) for each in design.of(Objective)] == [
        ("API応答時間", "P95 500ms未満")
    ]
    assert [row.line for row in design.unread if "満足度" in row.text]
