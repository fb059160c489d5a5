"""Shapes in documents that the reader had not seen, and was wrong about: now they are questions, or right."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.backup import BackupPolicy, BackupProcedure, RestoreProcedure
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import CapacityReview
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.incident import FailurePattern, IncidentFlow, IncidentLevel
from toban.design.clauses.monitoring import Monitor, ToolChoice
from toban.design.clauses.objectives import MaintenanceWindow, Objective, ServiceHours
from toban.design.clauses.release import RollbackProcedure
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import PasswordPolicy, SecurityRoutine


def fence(*commands: str) -> str:
    return "\n".join(["```bash", *commands, "```"])


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        # What is done around a backup, how a command is called, and what it printed.
        (BackupProcedure, ("## バックアップの自動化", fence("sudo ./tools/backup-cron.sh install"))),
        (BackupProcedure, ("## Manual backup", fence("./bin/backup.sh cleanup"))),
        (BackupProcedure, ("## Local backup", fence("./bin/prune-backups.sh --keep 9"))),
        (
            BackupProcedure,
            ("## Manual backup", fence("./backup.sh", "./backup.sh /mnt", "./backup.sh --dry-run")),
        ),
        (BackupProcedure, ("## Base backup", fence("[2031-02-03 04:05:06] Running pg_basebackup..."))),
        (RestoreProcedure, ("## Restore", fence("./restore.sh latest", "./restore.sh at 12:00"))),
        (RestoreProcedure, ("## Restore", fence("psql a < a.sql", "# または", "pg_restore -d a a.dump"))),
        (RestoreProcedure, ("## Restore", fence("node bin/restore-all.mjs --list"))),
        (RestoreProcedure, ("## Backup/restore by hand", fence("pg_dump shop > a.sql", "psql shop < a.sql"))),
        # What is undone or followed up is no release and no incident.
        (RollbackProcedure, ("## Rollback", "1. Stop the store", "2. Take the copy before")),
        (RollbackProcedure, ("## If the rollback of the release helped", "1. Look on", "2. Open a ticket")),
        (IncidentFlow, ("## Post-incident process", "1. Postmortem within 48 hours", "2. Actions tracked")),
        # A heading that says what goes wrong, or only when, names no work.
        (Routine, ("## Weekly drill fails", fence("make logs"))),
        (Routine, ("## 毎朝 JST 6:00（全件の更新）", fence("make all"))),
        (Routine, ("## Scheduled tasks (run-daily-import.yml)", "- 受注の取り込みの更新")),
        (Routine, ("## 半期の更新サイクル", "- T-4 週: 候補の洗い出し")),
        (
            Routine,
            ("### 日次運用", "| 項目 | 担当 | 内容 |", "|-|-|-|", "| 死活の確認 | 当番 | 5分間隔で見る |"),
        ),
        (
            SecurityRoutine,
            ("## Security", "### Weekly security dashboard", "- New incidents", "- Open findings"),
        ),
        (CapacityReview, ("## Capacity planning", "- Bandwidth capacity", "- Storage capacity")),
        # What is done first, and what a request is counted by.
        (
            IncidentLevel,
            ("## Incident response", "| Priority | Meaning |", "|-|-|", "| P1 | Before the launch |"),
        ),
        (Objective, ("## SLI definitions", "- Successful request: HTTP status < 500")),
        (Objective, ("## API performance", "- GET /orders/:id: < 50ms")),
        (ToolChoice, ("## 監視ツール", f"- 短所: {'契約と鍵の管理が増えて' * 9}")),
        # A heading of what is done about a failure does not name it.
        (
            FailurePattern,
            ("## エラー", "### Fix root cause", "| 原因 | 対処 |", "|-|-|", "| 鍵切れ | 更新 |"),
        ),
        # How long a condition lasts is no limit.
        (Monitor, ("## Alerts", "| Signal | Threshold |", "|-|-|", "| queue > 5 | 5 min |")),
        (Monitor, ("## 監視", "| 項目 | しきい値 |", "|-|-|", "| 状態検査の失敗 | 2分連続 2回 |")),
        (Monitor, ("## Monitoring", "### Success of the shop", "- Page load times < 2s")),
        (Monitor, ("## Monitoring", "- Alerts configured for a queue > 10")),
    ],
)
def test_it_is_not_read_as(read: Read, kind: type[Clause], lines: tuple[str, ...]) -> None:
    assert read("## 運用", *lines).of(kind) == ()


def test_a_backup_and_a_rollback_of_a_release_are_read(read: Read) -> None:
    assert len(read("## Manual backup", fence("./bin/backup.sh base")).of(BackupProcedure)) == 1
    assert len(read("## Rollback", "1. Deploy the version before", "2. Look").of(RollbackProcedure)) == 1


def test_the_caption_names_what_is_watched_before_the_heading(read: Read) -> None:
    design = read(
        "## アラート",
        "### 異常検知",
        "1. 連続失敗検知\n   - 閾値: 5回連続失敗\n   - 重大度: Critical",
        "2. 低下検知\n   - 閾値: 60%未満\n   - 重大度: High",
    )

    assert [monitor.item for monitor in design.of(Monitor)] == ["連続失敗検知", "低下検知"]


def test_the_key_of_a_sentence_is_the_caption_of_the_list_below(read: Read) -> None:
    design = read(
        "## Alerts",
        "### Session endpoints",
        "Error rate: answers with 5xx, without those that the client is to blame for",
        "",
        "- Warning: > 1% over 5 m",
        "- Critical: > 5% over 2 m",
    )

    (monitor,) = design.of(Monitor)
    assert monitor.item == "Error rate"


@pytest.mark.parametrize(
    ("entry", "item", "subject"),
    [
        ("- SlowAnswers - p95 > 2 seconds", "SlowAnswers", "p95"),
        ("- LockedAccounts - > 5 in 10min", "LockedAccounts", ""),
        ("- Queue age > 10 minutes", "Queue age", "Queue age"),
    ],
)
def test_an_alert_may_have_a_name_before_its_condition(
    read: Read, entry: str, item: str, subject: str
) -> None:
    (monitor,) = read("## Alert rules", entry, "- Lag > 3 minutes").of(Monitor)[:1]

    assert monitor.warning is not None
    assert (monitor.item, monitor.warning.subject) == (item, subject)


def test_a_limit_under_alert_threshold_is_of_the_heading(read: Read) -> None:
    (monitor,) = read("## Monitoring", "### Queue depth", "- Alert Threshold: > 100 for 10 minutes").of(
        Monitor
    )

    assert monitor.warning is not None
    assert (monitor.item, monitor.warning.subject) == ("Queue depth", "")


@pytest.mark.parametrize(
    ("column", "held", "within"),
    [("For", "5分", "None"), ("Window", "None", "5分"), ("評価期間", "None", "5分")],
)
def test_a_column_of_times_belongs_to_each_limit(read: Read, column: str, held: str, within: str) -> None:
    header = f"| Metric | Warning | Critical | {column} |"
    (monitor,) = read("## Alerts", header, "|-|-|-|-|", "| Lag | > 50ms | > 90ms | 5 min |").of(Monitor)

    for limit in (monitor.warning, monitor.critical):
        assert limit is not None
        assert (str(limit.sustained), str(limit.within)) == (held, within)


def test_the_end_of_a_sentence_is_not_in_the_unit(read: Read) -> None:
    (objective,) = read("## Performance", "- Search response time: < 300ms.").of(Objective)

    assert objective.target.limit.unit == "ms"


def test_windows_of_several_services_hold_for_none_of_them(read: Read) -> None:
    window = "- Maintenance window: Sunday 02:00-04:00"
    hours = "- Service hours: 24/7"
    design = read("## Maintenance", f"### Shop\n\n{window}\n{hours}\n\n### Office\n\n{window}\n{hours}")

    assert (design.of(MaintenanceWindow), design.of(ServiceHours)) == ((), ())
    assert {row.reason.code for row in design.unread} == {"design.no-place-for-heading"}


def test_a_heading_of_kinds_is_no_subject_of_a_backup(read: Read) -> None:
    table = ("| 種別 | 頻度 | 保存期間 |", "|-|-|-|", "| 日次バックアップ | 日次 | 7日 |")
    (policy,) = read("## バックアップ設計", "### バックアップの種類", *table).of(BackupPolicy)

    assert (policy.subject, policy.method) == ("", "日次バックアップ")


def test_what_is_to_be_done_is_parted_by_commas_only(read: Read) -> None:
    row = "| 起動しない | 鍵 | --force を付ける、~/.env を直す、1.2 の手順/見直し |"
    (pattern,) = read("## 障害", "| 症状 | 原因 | 対処 |", "|-|-|-|", row).of(FailurePattern)

    assert pattern.remedies == ("--force を付ける", "~/.env を直す", "1.2 の手順/見直し")


def test_a_way_to_reach_somebody_is_not_his_name(read: Read) -> None:
    table = ("| Role | Contact |", "|-|-|", "| Lead | Direct message |", "| On-call | a@example.com |")

    assert [role.holder for role in read("## Contacts", *table).of(DutyRole)] == ["", ""]


def test_mixed_case_and_12_and_more_are_read(read: Read) -> None:
    (policy,) = read("## Access", "- Password policy: 12+ chars, mixed case, digits").of(PasswordPolicy)

    assert (policy.min_length, policy.classes) == (12, ("digits", "upper", "lower"))


def test_a_box_to_tick_is_a_sign_of_work(read: Read) -> None:
    tasks = ("- [ ] Access control review", "- [ ] Robots review")

    assert (
        len(
            read("# Shop checklist", "## Security", "### Monthly security review", *tasks).of(SecurityRoutine)
        )
        == 2
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("## 監視", "| 項目 | 警告 | 異常 | 備考 |", "|-|-|-|-|", "| CPU使用率 | 70% | 85% | [担当チーム] |"),
        ("## 可用性の目標", "| サービス | 指標 | 目標値 |", "|-|-|-|", "| <サービス名> | 稼働率 | 99% |"),
        ("## FAQ", "### 性能の目標", "- 検索の応答時間: 2秒以内"),
        ("## デモ用アカウント", "### 連絡先", "- 当番: duty@example.com"),
    ],
)
def test_blanks_answers_and_demonstrations_are_not_in_force(read: Read, lines: tuple[str, ...]) -> None:
    design = read(*lines)

    assert design.clauses == ()
    assert len(design.not_in_force) == 1
