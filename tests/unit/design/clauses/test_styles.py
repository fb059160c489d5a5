"""Rows as the documents of other companies write them: each must be read correctly, or not at all."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.capacity import ResourceUsage
from toban.design.clauses.cost import Budget
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.incident import IncidentLevel
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow, Objective, ServiceHours
from toban.design.clauses.release import ReleaseSchedule
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reader import Design
from toban.design.values.metric import Metric

type Read = Callable[..., Design]


def test_english_backup_table_names_what_and_where(read: Read) -> None:
    (policy,) = read(
        "## Backups",
        "| What | Type | Schedule | Retention | Where |",
        "|-|-|-|-|-|",
        "| orders | full | 0 2 * * * | 14 days | S3 |",
    ).of(BackupPolicy)

    assert (policy.subject, policy.method, policy.destination) == ("orders", "full", "S3")


def test_the_heading_is_not_used_as_name_if_an_unknown_column_comes_first(read: Read) -> None:
    design = read("## バックアップ", "| 器 | 方式 | 頻度 |", "|-|-|-|", "| 顧客DB | フル | 日次 2:00 |")

    assert design.of(BackupPolicy) == ()
    assert [str(row.reason) for row in design.unread] == ["列「器」が何の列か分かりません"]


def test_the_who_column_names_the_holder_and_contact_the_address(read: Read) -> None:
    (role,) = read(
        "## On-call",
        "| Role | Who | Hours | Contact |",
        "|-|-|-|-|",
        "| Primary | changes on Mondays | 24/7 | PagerDuty |",
    ).of(DutyRole)

    assert role.holder == "changes on Mondays"
    assert [str(channel.kind) for channel in role.channels] == ["PagerDuty"]


def test_a_percentage_next_to_a_count_is_its_utilisation(read: Read) -> None:
    (nodes,) = read(
        "## Capacity", "| Resource | Now | Max | Usage |", "|-|-|-|-|", "| workers | 5 | 25 | 20% |"
    ).of(ResourceUsage)

    assert nodes.used is not None
    assert nodes.used.value == Decimal(5)
    assert nodes.utilisation is not None
    assert (nodes.utilisation.value, nodes.utilisation.unit) == (Decimal(20), "%")


def test_a_percentage_alone_is_not_compared_with_a_limit_in_another_unit(read: Read) -> None:
    (disk,) = read("## 容量", "| リソース | 現在値 | 上限 |", "|-|-|-|", "| 共有ディスク | 45% | 8TB |").of(
        ResourceUsage
    )

    assert disk.used is None
    assert disk.utilisation is not None
    assert disk.utilisation.value == Decimal(45)


def test_a_job_in_a_table_of_items_keeps_its_own_name(read: Read) -> None:
    (batch,) = read(
        "## ジョブ",
        "| 項目 | 内容 |",
        "|-|-|",
        "| ジョブ名 | 在庫照合 |",
        "| 実行時刻 | 平日 5:30 |",
        "| 所要時間 | 約20分 |",
    ).of(Batch)

    assert batch.name == "在庫照合"


def test_channels_by_level_are_notification_rules(read: Read) -> None:
    design = read("## Alert routing", "- critical: PagerDuty, #shop-duty", "- warning: #shop-alerts")

    assert design.of(Monitor) == ()
    assert [str(rule.channels[-1].address) for rule in design.of(NotificationRule)] == [
        "#shop-duty",
        "#shop-alerts",
    ]


def test_acknowledge_and_resolve_are_time_limits_of_a_severity(read: Read) -> None:
    (level,) = read(
        "## Incident levels",
        "| Level | Meaning | Acknowledge | Resolve |",
        "|-|-|-|-|",
        "| SEV1 | nobody can order | 10m | 3h |",
    ).of(IncidentLevel)

    assert (str(level.respond_within), str(level.recover_within)) == ("10分", "3時間")


def test_the_approver_of_a_release_is_not_that_of_the_document(read: Read) -> None:
    design = read("## リリース", "| 項目 | 内容 |", "|-|-|", "| 承認者 | 開発課長 |", "| 通番 | 7 |")

    assert "開発課長" in " ".join(row.text for row in design.unread)


@pytest.mark.parametrize(
    "rule", ["- 窓口: 中村 03-1234-5678", "- クラウド: 月20万円", "- 受信箱: 半年で空にする"]
)
def test_a_line_with_a_number_an_amount_or_a_half_year_is_listed_as_unread(read: Read, rule: str) -> None:
    design = read("## 運用の約束", rule, "- その他")

    assert [row.text for row in design.unread] == [rule.removeprefix("- ")]


def test_a_task_due_on_two_days_is_ordered_on_both(read: Read) -> None:
    design = read(
        "## 定期作業", "| 作業 | 頻度 | 担当 |", "|-|-|-|", "| 更新適用 | 毎月第1・第3水曜 1:00 | 基盤班 |"
    )

    routines = design.of(Routine)

    assert [str(routine.schedule) for routine in routines] == ["毎月第1水曜 01:00", "毎月第3水曜 01:00"]
    assert [routine.id for routine in routines] == ["routine/routine/更新適用", "routine/routine/更新適用/2"]


def test_a_security_task_on_two_days_is_ordered_on_both(read: Read) -> None:
    routines = read("## セキュリティ", "- パッチ適用: 毎月第2・第4土曜 2:00").of(SecurityRoutine)

    assert [str(routine.schedule) for routine in routines] == ["毎月第2土曜 02:00", "毎月第4土曜 02:00"]


def test_objectives_in_grouped_columns_are_named_by_the_inner_column(read: Read) -> None:
    design = read(
        "## サービスレベル目標",
        "| 大項目 | 中項目 | 目標値 |",
        "|-|-|-|",
        "| 可用性 | 月間稼働率 | 99.9%以上 |",
        "| 可用性 | 計画停止 | 毎月第2日曜日 1:00〜4:00 |",
        "| 性能 | 応答時間 | 2秒以内（95パーセンタイル） |",
        "| 復旧 | RTO | 3時間 |",
    )

    assert [objective.name for objective in design.of(Objective)] == ["月間稼働率", "応答時間"]
    assert design.of(Objective)[1].target.subject == "95パーセンタイル"
    assert [str(window.schedule) for window in design.of(MaintenanceWindow)] == ["毎月第2日曜 01:00-04:00"]
    assert design.of(RecoveryObjective)[0].objective == "RTO"


def test_a_statistic_next_to_the_name_belongs_to_the_target(read: Read) -> None:
    (objective,) = read("## Targets", "| Metric | Target |", "|-|-|", "| Latency (p95) | < 300ms |").of(
        Objective
    )

    assert (objective.metric, objective.target.subject) == (Metric.RESPONSE_TIME, "p95")


def test_help_desk_hours_are_not_service_hours(read: Read) -> None:
    design = read(
        "## サービス提供時間",
        "| 区分 | 提供時間 |",
        "|-|-|",
        "| オンライン業務 | 24時間365日 |",
        "| ヘルプデスク | 平日 9:00〜17:00 |",
    )

    assert [str(service.hours) for service in design.of(ServiceHours)] == ["24時間365日"]
    assert [(role.role, str(role.hours)) for role in design.of(DutyRole)] == [
        ("ヘルプデスク", "平日09:00-17:00")
    ]


ENVIRONMENTS = (
    "## 監視",
    "| 監視項目 | 検証（警告/異常） | 本番（警告/異常） | 間隔 |",
    "|-|-|-|-|",
    "| CPU使用率 | 95% / - | 75% / 90% | 1分 |",
)


def test_only_the_production_column_gives_values(read: Read) -> None:
    (monitor,) = read(*ENVIRONMENTS).of(Monitor)

    assert monitor.warning is not None
    assert monitor.critical is not None
    assert (monitor.warning.limit.value, monitor.critical.limit.value) == (Decimal(75), Decimal(90))
    assert monitor.text == "CPU使用率 | 95% / - | 75% / 90% | 1分"
    assert "本番の列だけ" in str(monitor.assumptions[0])


def test_a_cell_with_more_parts_than_its_heading_is_unread(read: Read) -> None:
    design = read(*ENVIRONMENTS[:3], "| メモリ使用率 | - | 70% / 80% / 90% | 1分 |", *ENVIRONMENTS[3:])

    assert [monitor.item for monitor in design.of(Monitor)] == ["CPU使用率"]
    assert [row.line for row in design.unread] == [5]


def test_a_retention_of_another_environment_is_ignored(read: Read) -> None:
    (log,) = read(
        "## ログ", "| ログ種別 | 保存期間（開発） | 保存期間（本番） |", "|-|-|-|", "| 操作ログ | 7日 | 1年 |"
    ).of(LogKind)

    assert str(log.retention) == "1年"


@pytest.mark.parametrize(
    ("heading", "header", "row", "kind"),
    [
        ("## 運用目標", "| 項目 | 本番 | 開発 |", "| 稼働率 | 99.9% | 90% |", Objective),
        ("## 運用目標", "| 項目 | 開発 | 本番 |", "| RTO | 2日 | 1時間 |", RecoveryObjective),
        ("## ログ", "| 種別 | 検証 | 本番 |", "| 監査ログ | 7日 | 5年 |", LogKind),
        ("## 定期作業", "| 作業 | 検証 | 本番 |", "| パッチ適用 | 毎週月曜 | 毎月第2水曜 |", Routine),
    ],
)
def test_a_column_headed_only_production_is_the_value_of_its_table(
    read: Read, heading: str, header: str, row: str, kind: type[Clause]
) -> None:
    (clause,) = read(heading, header, "|-|-|-|", row).of(kind)

    values = " ".join(str(getattr(clause, name, "")) for name in ("target", "limit", "retention", "schedule"))
    assert not any(other in values for other in ("90%", "2日", "7日", "毎週"))


def test_an_expression_is_sustained_for_as_long_as_its_row_says(read: Read) -> None:
    high, ratio = read(
        "## Alerts",
        "| Alert | Expression | For | Severity |",
        "|-|-|-|-|",
        "| BusyCPU | cpu_usage_percent > 80 | 15m | warning |",
        "| Failing | error_rate > 0.02 | 5m | critical |",
    ).of(Monitor)

    assert high.warning is not None
    assert (high.metric, str(high.warning.sustained)) == (Metric.CPU_USAGE, "15分")
    assert ratio.critical is not None
    assert (ratio.critical.limit.value, ratio.critical.limit.unit) == (Decimal(2), "%")


@pytest.mark.parametrize(
    ("entry", "item", "warning", "critical"),
    [
        ("- CPU使用率: 警告 75%、異常 90%", "CPU使用率", 75, 90),
        ("- CPU使用率 75%以上が5分継続で警告、90%で異常", "CPU使用率", 75, 90),
        ("- CPU usage: warn > 75% for 10m, crit > 90% for 5m", "CPU usage", 75, 90),
        ("- Disk usage: critical at 92%", "Disk usage", None, 92),
    ],
)
def test_limits_that_say_their_level_make_a_monitor(
    read: Read, entry: str, item: str, warning: int | None, critical: int
) -> None:
    (monitor,) = read("## 監視", entry).of(Monitor)

    limits = [limit and limit.limit.value for limit in (monitor.warning, monitor.critical)]
    assert (monitor.item, limits) == (item, [warning, critical])


@pytest.mark.parametrize("entry", ["- CPU使用率: 警告 75%、警告 90%", "- CPU使用率: 警告 75%、いずれ 90%"])
def test_a_level_given_twice_or_not_at_all_makes_no_monitor(read: Read, entry: str) -> None:
    assert read("## 監視", entry).of(Monitor) == ()


def test_list_entries_on_duty_give_hours_people_and_channels(read: Read) -> None:
    duty, lead = read(
        "## 体制", "- 当番: 田中、中村（週替わり）24時間365日", "- 責任者: 山口 090-1111-2222"
    ).of(DutyRole)

    assert (duty.holder, str(duty.hours)) == ("田中、中村（週替わり）", "24時間365日")
    assert (lead.holder, lead.channels[0].address) == ("山口", "090-1111-2222")


def test_a_level_may_be_sent_to_people_by_several_channels(read: Read) -> None:
    (rule,) = read("## 通知", "- 異常: 当番へ電話、Slack #duty（即時）").of(NotificationRule)

    assert [str(recipient) for recipient in rule.recipients] == ["当番"]
    assert [str(channel.kind) for channel in rule.channels] == ["電話", "Slack"]
    assert rule.timing == "即時"


@pytest.mark.parametrize(
    ("entry", "generations", "retention", "destination"),
    [
        ("- 受注DB: 毎日 2:30、10世代、S3", "10世代", "None", "S3"),
        ("- orders: daily at 02:30, kept for 14 days, to GCS", "None", "14日", "GCS"),
    ],
)
def test_a_backup_may_be_written_in_one_line(
    read: Read, entry: str, generations: str, retention: str, destination: str
) -> None:
    (policy,) = read("## バックアップ", entry).of(BackupPolicy)

    assert policy.schedules[0].at is not None
    assert (str(policy.generations), str(policy.retention), policy.destination) == (
        generations,
        retention,
        destination,
    )


@pytest.mark.parametrize(
    "entry",
    [
        "- 受注DB: hourly incremental, weekly full, keep 4 generations",
        "- 復旧訓練: 毎月、7日",
        "- 頻度: 毎日 2:00",
    ],
)
def test_a_line_about_more_or_other_than_one_backup_is_not_a_policy(read: Read, entry: str) -> None:
    assert read("## バックアップ", entry).of(BackupPolicy) == ()


def test_a_batch_in_one_line_needs_its_time(read: Read) -> None:
    design = read(
        "## バッチ",
        "- 価格更新: 毎日 5:00",
        "- 集計: 毎月1日・15日 6:00",
        "- 監視: 毎日 9:00",
        "- 棚卸: 月末、年次",
    )

    assert [(batch.name, str(batch.schedule)) for batch in design.of(Batch)] == [
        ("価格更新", "日次 05:00"),
        ("集計", "毎月1日 06:00、毎月15日 06:00"),
    ]


def test_a_task_may_begin_with_its_time(read: Read) -> None:
    (routine,) = read("## 定期作業", "- 毎週月曜 10:00 障害の振り返り（当番）").of(Routine)

    assert (routine.name, routine.owner, str(routine.schedule)) == (
        "障害の振り返り",
        "当番",
        "毎週月曜 10:00",
    )


def test_a_budget_with_its_alert_below_it_is_for_the_whole_system(read: Read) -> None:
    (budget,) = read(
        "## 費用", "| 項目 | 内容 |", "|-|-|", "| 月額予算 | 90,000円 |", "| アラート | 予算比80% |"
    ).of(Budget)

    assert budget.is_total
    assert budget.alert is not None


def test_a_budget_may_be_written_in_one_line(read: Read) -> None:
    (budget,) = read("## 費用", "- クラウド: 月15万円、18万円で警告").of(Budget)

    assert budget.monthly is not None
    assert budget.monthly.amount == Decimal(150_000)
    assert str(budget.alert) == "¥180,000"


def test_a_release_may_be_described_item_by_item(read: Read) -> None:
    (release,) = read(
        "## リリース", "| 項目 | 内容 |", "|-|-|", "| 頻度 | 月1回 |", "| 実施日 | 毎月第2水曜日 20:00 |"
    ).of(ReleaseSchedule)

    assert str(release.schedule) == "毎月第2水曜 20:00"


def test_a_best_effort_resolution_is_an_assumption_of_no_limit(read: Read) -> None:
    (level,) = read(
        "## Incidents",
        "| Severity | Definition | Response | Resolution |",
        "|-|-|-|-|",
        "| SEV3 | slow pages | next business day | best effort |",
    ).of(IncidentLevel)

    assert level.recover_within is None
    assert "best effort" in str(level.assumptions[0])


@pytest.mark.parametrize(("rank", "severity"), [("A", "critical"), ("B", "high"), ("C", "medium")])
def test_failure_ranks_count_from_the_most_severe(read: Read, rank: str, severity: str) -> None:
    (level,) = read(
        "## 障害区分", "| 障害区分 | 定義 | 復旧目標 |", "|-|-|-|", f"| {rank} | 取引への影響 | 2時間以内 |"
    ).of(IncidentLevel)

    assert level.severity == severity


def test_numbered_level_keeps_its_limits_without_a_rank(read: Read) -> None:
    (level,) = read(
        "## 障害対応",
        "| 障害レベル | 障害の内容 | 駆付け時間 | 復旧時間 |",
        "|-|-|-|-|",
        "| レベル1 | 全館停止 | 1時間以内 | 3開庁日以内 |",
    ).of(IncidentLevel)

    assert level.severity is None
    assert (str(level.respond_within), str(level.recover_within)) == ("1時間", "3営業日")


def test_a_short_name_for_critical_is_recognised_as_a_limit(read: Read) -> None:
    (monitor,) = read("## Alerts", "| Metric | Warn | Crit |", "|-|-|-|", "| cpu | 70% | 85% |").of(Monitor)

    assert monitor.critical is not None
    assert monitor.critical.limit.value == Decimal(85)


def test_days_in_a_separate_column_belong_to_the_hours(read: Read) -> None:
    services = read(
        "## サービス稼働時間",
        "| 曜日 | 稼働時間 |",
        "|-|-|",
        "| 平日 | 7:00〜23:00 |",
        "| 土日祝 | 8:00〜21:00 |",
    ).of(ServiceHours)

    assert [str(service.hours) for service in services] == [
        "平日07:00-23:00",
        "土・日曜(祝日を含む)08:00-21:00",
    ]


def test_data_without_backup_has_only_its_objective(read: Read) -> None:
    design = read(
        "## Backups",
        "| Data store | Type | RTO | Frequency | Retention |",
        "|-|-|-|-|-|",
        "| orders | full | 1 hour | daily 2:00 | 7 days |",
        "| cache | none | 10 min | - | - |",
    )

    assert [policy.subject for policy in design.of(BackupPolicy)] == ["orders"]
    assert [objective.subject for objective in design.of(RecoveryObjective)] == ["orders", "cache"]


def test_a_bare_number_of_generations_is_read(read: Read) -> None:
    (policy,) = read(
        "## バックアップ", "| 対象 | 取得サイクル | 世代 |", "|-|-|-|", "| 帳票DB | 毎日 1:00 | 7 |"
    ).of(BackupPolicy)

    assert str(policy.generations) == "7世代"
    assert len(policy.schedules) == 1


@pytest.mark.parametrize("mark", ["ア ", "(1) ", "① "])
def test_a_manually_written_number_is_not_part_of_the_name(read: Read, mark: str) -> None:
    (routine,) = read("## 定例業務", "### 月次業務", f"- {mark}報告会の開催（毎月第2水曜日 14:00）").of(
        Routine
    )

    assert (routine.name, str(routine.schedule)) == ("報告会の開催", "毎月第2水曜 14:00")


def test_a_month_in_a_remark_is_the_due_month_of_yearly_work(read: Read) -> None:
    (drill,) = read("## 定例業務", "### 年次業務", "- 避難訓練（9月）").of(Routine)

    assert (drill.name, drill.schedule.months) == ("避難訓練", (9,))


def test_a_frequency_before_the_colon_is_the_schedule_and_not_the_name(read: Read) -> None:
    (routine,) = read("## Maintenance", "- [ ] Weekly: hand over the duty (Monday 10:00)").of(Routine)

    assert (routine.name, str(routine.schedule)) == ("hand over the duty", "毎週月曜 10:00")


def test_a_dash_separates_name_and_facts_like_a_colon(read: Read) -> None:
    (policy,) = read("## Backups", "- [x] **orders** — daily 02:00, 30 days, S3").of(BackupPolicy)

    assert (policy.subject, policy.destination) == ("orders", "S3")


def test_a_monthly_budget_is_read_in_english(read: Read) -> None:
    (budget,) = read("## Costs", "- Cloud: $2,000/month, alert at $2,500").of(Budget)

    assert (str(budget.monthly), str(budget.alert)) == ("$2,000", "$2,500")


def test_a_level_inside_prose_is_not_a_limit(read: Read) -> None:
    assert read("## 監視", f"- CPU使用率: {'監視の経緯' * 20} 80%で警告").of(Monitor) == ()


def test_a_sentence_below_service_hours_stays_a_sentence(read: Read) -> None:
    design = read("## サービス提供時間", "- サービス: 24時間365日", "- 祝日の扱いは別に知らせる")

    assert (len(design.of(ServiceHours)), design.unread) == (1, ())
