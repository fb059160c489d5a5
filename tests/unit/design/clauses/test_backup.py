from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.backup import BackupPolicy, BackupProcedure, RecoveryObjective, RestoreProcedure
from toban.design.reader import Design
from toban.design.values.duration import Duration, Forever, Generations, TimeUnit
from toban.design.values.schedule import Cadence, Weekday

type Read = Callable[..., Design]


def test_a_policy_has_everything_in_its_row(read: Read) -> None:
    row = "| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | S3 | 30日 |"

    (policy,) = read(
        "## バックアップ方針", "| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |", "|-|-|-|-|-|-|", row
    ).of(BackupPolicy)

    assert (policy.subject, policy.method, policy.destination) == ("PostgreSQL", "フルバックアップ", "S3")
    assert policy.generations == Generations(30)
    assert policy.retention == Duration(Decimal(30), TimeUnit.DAY)
    assert [schedule.cadence for schedule in policy.schedules] == [Cadence.DAILY]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("データ種別 | バックアップ頻度 | 保持期間 | 方式", "会員 | 日次 | 7日 | ダンプ"),
        ("バックアップ対象 | 種別 | 頻度 | 保存期間 | 保存先", "会員 | フル | 日次 | 7日 | S3"),
        ("バックアップ種別 | 頻度 | 保持期間 | 対象", "フル | 日次 | 7日 | 会員"),
        ("対象 | 頻度 | 保持期間 | 方式 | 優先度", "会員 | 日次 | 7日 | ダンプ | 高"),
        ("Data | Frequency | Retention", "会員 | daily | 7 days"),
    ],
)
def test_backup_columns_are_recognised_under_many_names(read: Read, header: str, row: str) -> None:
    rule = " | ".join("-" for _ in header.split("|"))

    (policy,) = read("## バックアップ", f"| {header} |", f"| {rule} |", f"| {row} |").of(BackupPolicy)

    assert policy.subject == "会員"
    assert policy.retention == Duration(Decimal(7), TimeUnit.DAY)


def test_one_cell_may_hold_several_schedules(read: Read) -> None:
    row = "| 会員 | 日次（フル） + 1時間ごと（増分） | 無期限 |"

    (policy,) = read("## バックアップ", "| 対象 | 頻度 | 保持期間 |", "|-|-|-|", row).of(BackupPolicy)

    assert [schedule.cadence for schedule in policy.schedules] == [Cadence.DAILY, Cadence.INTERVAL]
    assert policy.retention == Forever()


def test_frequency_and_clock_columns_are_combined(read: Read) -> None:
    header = "| 種別 | 頻度 | 実行時間 | 保持期間 | 対象 |"

    (policy,) = read(
        "## バックアップ", header, "|-|-|-|-|-|", "| フル | 週次 | 日曜 04:00 | 4週 | 会員 |"
    ).of(BackupPolicy)

    (schedule,) = policy.schedules
    assert (schedule.weekdays, schedule.at and schedule.at.hour) == ((Weekday.SUNDAY,), 4)


@pytest.mark.parametrize("kept", ["適宜", "MVPは14日から30日"])
def test_an_unreadable_retention_leaves_the_row_unread(read: Read, kept: str) -> None:
    design = read("## バックアップ", "| 対象 | 頻度 | 保存期間 |", "|-|-|-|", f"| DB | 日次 | {kept} |")

    assert str(design.unread[0].reason) == f"保存期間「{kept}」は期間として読めません"


def test_a_data_retention_is_not_a_backup(read: Read) -> None:
    design = read(
        "## データ保持ポリシー", "| データ種別 | 保持期間 | 削除方法 |", "|-|-|-|", "| 注文 | 90日 | 自動 |"
    )

    assert design.of(BackupPolicy) == ()


def test_policy_may_carry_its_recovery_objectives(read: Read) -> None:
    header = "| 対象 | 方式 | 頻度 | 保持期間 | RPO | RTO |"

    design = read("## バックアップ", header, "|-|-|-|-|-|-|", "| DB | フル | 日次 | 7日 | 24時間 | - |")

    assert len(design.of(BackupPolicy)) == 1
    assert [objective.id for objective in design.of(RecoveryObjective)] == [
        "backup/recovery-objective/RPO/DB"
    ]
    assert design.rows == 1


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("RPO (復旧時点目標)", "RPO"),
        ("目標復旧時間", "RTO"),
        ("RTO（目標復旧時間）", "RTO"),
        ("復旧時点目標", "RPO"),
    ],
)
def test_a_recovery_objective_is_recognised_by_its_name(read: Read, name: str, objective: str) -> None:
    (found,) = read("## RPO/RTO", "| 項目 | 目標値 |", "|-|-|", f"| {name} | 4時間以内 |").of(
        RecoveryObjective
    )

    assert (found.objective, found.limit) == (objective, Duration(Decimal(4), TimeUnit.HOUR))


@pytest.mark.parametrize(
    ("name", "objective", "subject"),
    [
        ("RPO（診療記録）", "RPO", "診療記録"),
        ("画像サーバーのRTO", "RTO", "画像サーバー"),
        ("RTO - 発券機", "RTO", "発券機"),
        ("RTO for the matching engine", "RTO", "the matching engine"),
        ("Ledger RPO", "RPO", "Ledger"),
        ("業務復旧までの目標時間（RTO）", "RTO", ""),
        ("Maximum data loss (RPO)", "RPO", ""),
        ("RTO（最大）", "RTO", ""),
    ],
)
def test_what_stands_beside_rpo_or_rto_is_its_subject(
    read: Read, name: str, objective: str, subject: str
) -> None:
    (found,) = read("## RPO/RTO", "| 項目 | 目標値 |", "|-|-|", f"| {name} | 4時間 |").of(RecoveryObjective)

    assert (found.objective, found.subject) == (objective, subject)
    assert found.id.endswith(found.subject.replace(" ", "-"))


@pytest.mark.parametrize(
    "columns", ["| 対象 | 指標 | 目標値 |", "| 業務 | 項目 | 目標値 |", "| Service | Metric | Target |"]
)
@pytest.mark.parametrize("heading", ["## RPO/RTO 復旧目標", "## 可用性要件"])
def test_a_column_of_subjects_is_kept_with_rpo_and_rto(read: Read, heading: str, columns: str) -> None:
    design = read(heading, columns, "|-|-|-|", "| 受付 | RTO | 1時間 |", "| 会計 | RTO | 8時間 |")

    assert [each.subject for each in design.of(RecoveryObjective)] == ["受付", "会計"]


@pytest.mark.parametrize("name", ["RTO（検知）", "RTO達成率", "RTO (actual)"])
def test_a_part_of_rto_or_what_was_measured_is_no_objective(read: Read, name: str) -> None:
    assert read("## RPO/RTO", "| 項目 | 目標値 |", "|-|-|", f"| {name} | 5分 |").of(RecoveryObjective) == ()


def test_a_plan_to_improve_is_no_objective_yet(read: Read) -> None:
    design = read("## RPO/RTOの改善", "| 項目 | 現状 | 目標 |", "|-|-|-|", "| RTO | 8時間 | 4時間 |")

    assert design.clauses == ()


@pytest.mark.parametrize("line", ["- RTO: < 30 minutes (at night too)", "- **RTO（目標復旧時間）**: 30分"])
def test_objective_may_be_a_list_entry_anywhere(read: Read, line: str) -> None:
    (found,) = read("## 概要", line).of(RecoveryObjective)

    assert found.limit == Duration(Decimal(30), TimeUnit.MINUTE)


def test_an_objective_of_no_loss_is_zero(read: Read) -> None:
    (found,) = read("## Recovery", "| Service | RPO |", "|-|-|", "| Proxy | 0 (stateless) |").of(
        RecoveryObjective
    )

    assert found.limit.amount == 0


def test_a_name_that_is_both_rpo_and_rto_or_neither_is_unread(read: Read) -> None:
    design = read(
        "## RPO/RTO",
        "| 項目 | 目標値 |",
        "|-|-|",
        "| RPO/RTO | 社内決定後 |",
        "| 復旧 | 4時間 |",
        "| RTO | 1時間 |",
    )

    assert [row.line for row in design.unread] == [5, 6]


def test_commands_are_read_without_comments_and_with_joined_lines(read: Read) -> None:
    design = read(
        "## バックアップ・リストア",
        "### バックアップ手順",
        "```bash",
        "# 毎晩",
        "pg_dump -h db \\",
        "  shop > shop.sql",
        "```",
    )

    (procedure,) = design.of(BackupProcedure)

    assert procedure.commands == ("pg_dump -h db shop > shop.sql",)
    assert procedure.id == "backup/backup-procedure/バックアップ手順"


def test_restore_and_backup_procedures_are_distinguished_in_one_chapter(read: Read) -> None:
    design = read("## バックアップ・リストア", "### リストア手順", "```", "psql shop < shop.sql", "```")

    assert [procedure.commands for procedure in design.of(RestoreProcedure)] == [("psql shop < shop.sql",)]
    assert design.of(BackupProcedure) == ()


@pytest.mark.parametrize("command", ["ls -lh /backup", "az postgres backup list", "aws s3 ls s3://backups/"])
def test_a_command_that_lists_backups_is_not_a_backup(read: Read, command: str) -> None:
    design = read("## バックアップ", "```bash", command, "```")

    assert design.of(BackupProcedure) == ()
    assert str(design.unread[0].reason) == "バックアップを取るコマンドが見つかりません"


def test_a_retention_per_kind_of_backup_gives_their_schedules(read: Read) -> None:
    design = read("## 会員DBのバックアップ", "### 保持期間", "| 種別 | 保存期間 |", "|-|-|", "| 日次 | 7日 |")

    (policy,) = design.of(BackupPolicy)

    assert (policy.subject, policy.method) == ("会員DBのバックアップ", "日次")
    assert [schedule.cadence for schedule in policy.schedules] == [Cadence.DAILY]


def test_policy_without_any_heading_is_read(read: Read) -> None:
    design = read("| 方式 | 頻度 | 保持期間 |", "|-|-|-|", "| フル | 日次 | 7日 |")

    assert [policy.subject for policy in design.of(BackupPolicy)] == [""]


def fenced(read: Read, *headings: str, commands: list[str]) -> Design:
    return read(*headings, "```bash", *commands, "```")


@pytest.mark.parametrize("comment", ["# リストア", "# 2. 台帳の復元", "# --- Restore ---"])
def test_commands_below_a_comment_that_says_restore_are_another_procedure(read: Read, comment: str) -> None:
    commands = ["# ダンプ", "mysqldump ledger > l.sql", comment, "mysql ledger < l.sql"]

    design = fenced(read, "## 台帳のバックアップ", commands=commands)

    assert [made.commands for made in design.of(BackupProcedure)] == [("mysqldump ledger > l.sql",)]
    assert [restored.commands for restored in design.of(RestoreProcedure)] == [("mysql ledger < l.sql",)]


@pytest.mark.parametrize(
    ("commands", "count"),
    [
        (["mongodump --out d", "mongorestore d"], 0),
        (["pg_dump -Fc crew > c.dump", "pg_restore --list c.dump"], 1),
        (["pg_dump -Fc crew > c.dump", "# restore the mode", "chmod 600 c.dump"], 1),
    ],
)
def test_commands_that_also_restore_are_no_backup_procedure(
    read: Read, commands: list[str], count: int
) -> None:
    design = fenced(read, "## 乗務員DBのバックアップ", commands=commands)

    assert len(design.of(BackupProcedure)) == count
    assert len(design.unread) == 1 - count


@pytest.mark.parametrize(
    "command",
    [
        "ls -l ops/backup.sh",
        "sudo chmod 750 ops/backup.sh",
        "ps aux | grep pg_dump",
        "30 1 * * 6 ops /srv/ops/backup.sh",
        "@daily /srv/ops/backup.sh",
    ],
)
def test_looking_at_a_backup_or_scheduling_it_makes_none(read: Read, command: str) -> None:
    assert fenced(read, "## 予約DBのバックアップ", commands=[command]).of(BackupProcedure) == ()


@pytest.mark.parametrize(
    "headings",
    [
        ("## トラブルシューティング", "### 予約DBのバックアップ"),
        ("## 予約DBのバックアップ", "### バックアップが終わらない"),
        ("## 予約DB", "### よくある質問", "#### 予約DBのバックアップ"),
        ("## Backup", "### Backup is slow"),
    ],
)
def test_what_to_try_when_something_is_wrong_is_no_procedure(read: Read, headings: tuple[str, ...]) -> None:
    design = read(*headings, "- RPO: 1時間", "", "```bash", "pg_dump -Fd -j 8 stays", "```")

    assert design.of(BackupProcedure) == ()


@pytest.mark.parametrize("often", ["オンデマンド", "on demand", "Manual only", "手動"])
def test_a_backup_on_demand_is_no_policy(read: Read, often: str) -> None:
    design = read(
        "## バックアップ",
        "| 対象 | 頻度 | 保存期間 |",
        "|-|-|-|",
        "| 座席表 | 日次 | 7日 |",
        f"| 図面 | {often} | 無期限 |",
    )

    assert [policy.subject for policy in design.of(BackupPolicy)] == ["座席表"]
    assert len(design.unread) + len(design.not_in_force) == 1


def test_when_old_backups_are_deleted_is_not_when_they_are_made(read: Read) -> None:
    (policy,) = read(
        "## バックアップ",
        "### 消し方",
        "| 種別 | 保存期間 | 削除日時 |",
        "|-|-|-|",
        "| 日次 | 7日 | 毎日 5:00 |",
    ).of(BackupPolicy)

    assert policy.schedules == ()


def test_what_a_backup_is_for_is_not_what_is_backed_up(read: Read) -> None:
    design = read(
        "## 手動バックアップ",
        "| 項目 | 内容 |",
        "|-|-|",
        "| 用途 | 改修前、移行前の控え |",
        "| 保存期間 | 30日 |",
    )

    assert design.of(BackupPolicy) == ()


def test_a_statement_of_sql_is_one_command_over_several_lines(read: Read) -> None:
    script = (
        "```sql",
        "-- 閉館後に実行",
        "BACKUP DATABASE Loans",
        "TO DISK = 'E:\\bak\\loans.bak'",
        "WITH COMPRESSION;",
        "SELECT 1;",
        "```",
    )
    (procedure,) = read("## バックアップ手順", *script).of(BackupProcedure)

    assert procedure.commands == (
        "BACKUP DATABASE Loans TO DISK = 'E:\\bak\\loans.bak' WITH COMPRESSION;",
        "SELECT 1;",
    )


@pytest.mark.parametrize(
    "command",
    [
        'psql "$URL" -c "SELECT count(*) FROM <table>;"',
        "psql loans -c 'UPDATE flags SET enabled=false'",
        "psql loans <<SQL",
        "mysql -e 'SHOW SLAVE STATUS'",
    ],
)
def test_a_statement_restores_nothing(read: Read, command: str) -> None:
    assert not read("## Restore", "### Restore the loans", "```bash", command, "```").of(RestoreProcedure)


@pytest.mark.parametrize(
    "command",
    ["psql loans < l.sql", "gunzip -c l.gz | psql loans", "psql loans -f l.sql", "mysql loans < $FILE"],
)
def test_a_client_that_is_given_a_dump_restores(read: Read, command: str) -> None:
    assert read("## Restore", "### Restore the loans", "```bash", command, "```").of(RestoreProcedure)


def test_a_name_in_full_beside_the_subject_is_no_part_of_it(read: Read) -> None:
    header = ("| Objective | Value |", "|-|-|")
    design = read("## RPO and RTO", *header, "| RTO (recovery time, reading room) | 2 hours |")

    assert [each.subject for each in design.of(RecoveryObjective)] == ["reading room"]


def test_a_heading_that_names_nothing_is_not_backed_up(read: Read) -> None:
    header = ("| Backup type | Frequency | Retention | Method |", "|-|-|-|-|")
    design = read(
        "## Backup schedule & retention", *header, "| Nightly dump | Daily | 7 days | by the host |"
    )

    assert [(each.subject, each.method) for each in design.of(BackupPolicy)] == [
        ("", "Nightly dump by the host")
    ]


def test_a_setting_of_a_server_makes_no_backup(read: Read) -> None:
    fence = ("```sql", "archive_mode = on", "archive_command = 'cp %p /wal/%f'", "```")

    assert not read("## Backup", "### Backup of the log", *fence).of(BackupProcedure)


def test_what_is_not_backed_up_has_no_policy(read: Read) -> None:
    table = ("| Data | Method | Frequency | Retention |", "|-|-|-|-|")
    design = read(
        "## Backup",
        *table,
        "| Sessions | NOT backed up (ephemeral) | - | - |",
        "| Loans | dump | daily | 9 days |",
    )

    assert [policy.subject for policy in design.of(BackupPolicy)] == ["Loans"]
    assert len(design.not_in_force) == 1


def test_a_simulated_failure_is_no_procedure(read: Read) -> None:
    design = read(
        "## Backup",
        "### Simulate a failed backup",
        "- RPO: 1 hour",
        "",
        "```bash",
        "mv /opt/backup.sh /opt/b.off",
        "```",
    )

    assert not design.of(BackupProcedure)


def test_a_step_of_a_recovery_may_be_called_a_backup(read: Read) -> None:
    fence = ("```bash", "pg_dump -Fc shop > /tmp/damaged.dump", "```")

    design = read(
        "## Recovery procedures",
        "### Database recovery",
        "**Step 2: Backup of the damaged data**",
        *fence,
        "- Ready",
    )

    assert design.of(BackupProcedure) == ()
    assert read("## Incident: breach", "**Take a backup now**", *fence, "- Ready").of(BackupProcedure) == ()
    assert len(read("## Backup", "**Step 2: Dump**", *fence).of(BackupProcedure)) == 1


def test_a_drawing_that_names_a_command_is_none(read: Read) -> None:
    design = read("## Backup", "```", "┌─────┐", "│ pg_dump → shop.dump │", "└─────┘", "```", "- Ready")

    assert design.of(BackupProcedure) == ()


def test_settings_made_from_an_example_are_no_copy(read: Read) -> None:
    made = read("## バックアップ", "```bash", "cp .env.example .env", "```")
    kept = read("## バックアップ", "```bash", "cp .env /backup/env", "```")

    assert (len(made.of(BackupProcedure)), len(kept.of(BackupProcedure))) == (0, 1)


@pytest.mark.parametrize(
    "figure", ["15 minutes (if the old release is still there)", "15分（切り戻せる場合）"]
)
def test_an_objective_that_holds_sometimes_is_asked_about(read: Read, figure: str) -> None:
    assert read("## RTO", f"- RTO: {figure}").of(RecoveryObjective) == ()
