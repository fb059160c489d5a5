"""Rows as documents of other houses write them: each must be read rightly, or not at all."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.batch import Batch
from toban.design.clauses.capacity import ResourceUsage
from toban.design.clauses.incident import IncidentLevel
from toban.design.clauses.monitoring import Monitor, NotificationRule
from toban.design.clauses.objectives import DutyRole
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reader import Design

type Read = Callable[..., Design]


def test_english_backup_table_names_what_and_where(read: Read) -> None:
    (policy,) = read(
        "## Backups",
        "| What | Type | Schedule | Retention | Where |",
        "|-|-|-|-|-|",
        "| orders | full | 0 2 * * * | 14 days | S3 |",
    ).of(BackupPolicy)

    assert (policy.subject, policy.method, policy.destination) == ("orders", "full", "S3")


def test_heading_is_no_name_where_an_unknown_column_comes_first(read: Read) -> None:
    design = read("## バックアップ", "| 器 | 方式 | 頻度 |", "|-|-|-|", "| 顧客DB | フル | 日次 2:00 |")

    assert design.of(BackupPolicy) == ()
    assert [row.reason for row in design.unread] == ["列「器」が何の列か分かりません"]


def test_who_holds_the_role_and_contact_is_how_to_reach_them(read: Read) -> None:
    (role,) = read(
        "## On-call",
        "| Role | Who | Hours | Contact |",
        "|-|-|-|-|",
        "| Primary | changes on Mondays | 24/7 | PagerDuty |",
    ).of(DutyRole)

    assert role.holder == "changes on Mondays"
    assert [str(channel.kind) for channel in role.channels] == ["PagerDuty"]


def test_share_of_a_count_is_how_far_it_is_used(read: Read) -> None:
    (nodes,) = read(
        "## Capacity", "| Resource | Now | Max | Usage |", "|-|-|-|-|", "| workers | 5 | 25 | 20% |"
    ).of(ResourceUsage)

    assert nodes.used is not None
    assert nodes.used.value == Decimal(5)
    assert nodes.utilisation is not None
    assert (nodes.utilisation.value, nodes.utilisation.unit) == (Decimal(20), "%")


def test_share_alone_is_never_held_against_a_limit_in_another_unit(read: Read) -> None:
    (disk,) = read("## 容量", "| リソース | 現在値 | 上限 |", "|-|-|-|", "| 共有ディスク | 45% | 8TB |").of(
        ResourceUsage
    )

    assert disk.used is None
    assert disk.utilisation is not None
    assert disk.utilisation.value == Decimal(45)


def test_job_is_called_by_its_own_name_in_a_table_of_items(read: Read) -> None:
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


def test_acknowledge_and_resolve_are_the_limits_of_a_severity(read: Read) -> None:
    (level,) = read(
        "## Incident levels",
        "| Level | Meaning | Acknowledge | Resolve |",
        "|-|-|-|-|",
        "| SEV1 | nobody can order | 10m | 3h |",
    ).of(IncidentLevel)

    assert (str(level.respond_within), str(level.recover_within)) == ("10分", "3時間")


def test_approver_of_a_release_is_not_the_documents(read: Read) -> None:
    design = read("## リリース", "| 項目 | 内容 |", "|-|-|", "| 承認者 | 開発課長 |", "| 通番 | 7 |")

    assert "開発課長" in " ".join(row.text for row in design.unread)


@pytest.mark.parametrize(
    "rule", ["- 窓口: 中村 03-1234-5678", "- クラウド: 月20万円", "- 受信箱: 半年で空にする"]
)
def test_number_money_and_half_year_state_a_rule(read: Read, rule: str) -> None:
    design = read("## 運用の約束", rule, "- その他")

    assert [row.text for row in design.unread] == [rule.removeprefix("- ")]


def test_task_due_on_two_days_is_ordered_on_both(read: Read) -> None:
    design = read(
        "## 定期作業", "| 作業 | 頻度 | 担当 |", "|-|-|-|", "| 更新適用 | 毎月第1・第3水曜 1:00 | 基盤班 |"
    )

    routines = design.of(Routine)

    assert [str(routine.schedule) for routine in routines] == ["毎月第1水曜 01:00", "毎月第3水曜 01:00"]
    assert [routine.id for routine in routines] == ["routine/routine/更新適用", "routine/routine/更新適用/2"]


def test_security_task_on_two_days_is_ordered_on_both(read: Read) -> None:
    routines = read("## セキュリティ", "- パッチ適用: 毎月第2・第4土曜 2:00").of(SecurityRoutine)

    assert [str(routine.schedule) for routine in routines] == ["毎月第2土曜 02:00", "毎月第4土曜 02:00"]


def test_batch_at_two_times_is_refused_rather_than_run_at_one(read: Read) -> None:
    design = read(
        "## バッチ一覧", "| ID | バッチ名 | 起動時刻 |", "|-|-|-|", "| J1 | 集配 | 毎月第1・第3金曜 5:00 |"
    )

    assert design.of(Batch) == ()
    assert "予定が2つ以上" in design.unread[0].reason
