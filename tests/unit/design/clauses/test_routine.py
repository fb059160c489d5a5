from collections.abc import Callable

import pytest

from toban.design.clauses.routine import Routine
from toban.design.clauses.security import (
    AccessReview,
    AccountRemoval,
    AuditReview,
    MfaRule,
    PasswordPolicy,
    SecurityRoutine,
)
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.design.values.schedule import Cadence, NthWeekday, Schedule, Weekday

type Read = Callable[..., Design]


def only(design: Design) -> Routine:
    (routine,) = design.of(Routine)
    return routine


def test_a_task_has_everything_in_its_row(read: Read) -> None:
    row = "| エラーログ分析 | 毎週月曜10:00 | 開発担当者 | 傾向を見る |"

    routine = only(
        read("## 定期作業", "### 週次作業", "| 作業項目 | 実施日時 | 担当者 | 内容 |", "|-|-|-|-|", row)
    )

    assert (routine.name, routine.owner, routine.content) == ("エラーログ分析", "開発担当者", "傾向を見る")
    assert routine.schedule.weekdays == (Weekday.MONDAY,)


@pytest.mark.parametrize(
    ("heading", "header", "row", "cadence"),
    [
        ("### 日次作業", "作業項目 | 実施時間", "確認 | 9:00", Cadence.DAILY),
        ("### 週次", "作業 | 方法 | 担当", "確認 | 目視 | 当番", Cadence.WEEKLY),
        ("### 月次作業", "作業項目 | 実施日", "確認 | 第1月曜", Cadence.MONTHLY),
        ("### 予定", "タスク | 頻度 | 担当", "確認 | 四半期ごと | 当番", Cadence.QUARTERLY),
        ("### 週の予定", "曜日 | タスク | 担当", "月 | 確認 | 当番", Cadence.WEEKLY),
        ("### Monthly Tasks", "Task | Owner", "確認 | ops", Cadence.MONTHLY),
    ],
)
def test_row_and_headings_together_give_the_schedule(
    read: Read, heading: str, header: str, row: str, cadence: Cadence
) -> None:
    rule = " | ".join("-" for _ in header.split("|"))

    routine = only(read("## 定期作業", heading, f"| {header} |", f"| {rule} |", f"| {row} |"))

    assert (routine.name, routine.schedule.cadence) == ("確認", cadence)


def test_a_clock_time_under_daily_work_needs_no_assumption(read: Read) -> None:
    routine = only(read("## 日次作業", "| 作業項目 | 実施時間 |", "|-|-|", "| 確認 | 9:00 |"))

    assert routine.schedule.assumptions == ()


def test_task_without_any_time_is_unread(read: Read) -> None:
    design = read("## 定期作業", "| 作業項目 | 担当者 |", "|-|-|", "| 確認 | 当番 |")

    assert str(design.unread[0].reason) == "いつ行うかが、行にも見出しにもありません"


@pytest.mark.parametrize(
    ("headings", "day", "hour"),
    [
        (("### 月次（第1日曜日 2:00-6:00）",), NthWeekday(1, Weekday.SUNDAY), 2),
        (("### 日次チェック", "#### 朝（9:00）"), None, 9),
        (("### 毎朝の確認 (9:00-9:15)",), None, 9),
    ],
)
def test_entries_below_a_heading_with_a_time_are_due_then(
    read: Read, headings: tuple[str, ...], day: NthWeekday | None, hour: int
) -> None:
    routine = only(read("## 運用", *headings, "- [ ] ログを見る"))

    assert routine.schedule.at is not None
    assert (routine.name, routine.schedule.day, routine.schedule.at.hour) == ("ログを見る", day, hour)


def test_remarks_on_a_task_with_a_time_describe_it(read: Read) -> None:
    design = read("## 定期作業", "### 週次メンテナンス（日曜日 2:00）", "- 担当: 当番", "- 所要時間: 2時間")

    routine = only(design)

    assert (routine.name, routine.owner, routine.schedule.weekdays) == (
        "週次メンテナンス",
        "当番",
        (Weekday.SUNDAY,),
    )


def test_a_script_below_a_heading_with_a_time_is_that_task(read: Read) -> None:
    routine = only(
        read("## 運用", "### 3.2 週次メンテナンス（日曜日 2:00）", "```bash", "vacuumdb shop", "```")
    )

    assert (routine.name, str(routine.origin)) == ("週次メンテナンス", "手引き.md:3")


@pytest.mark.parametrize(
    "headings",
    [
        ("## 日次運用", "### 注意点"),
        ("## 週次・月次運用",),
        ("## 月次バックアップ",),
    ],
)
def test_entries_elsewhere_are_not_tasks(read: Read, headings: tuple[str, ...]) -> None:
    assert read(*headings, "- 稼働率", "- 件数").of(Routine) == ()


def test_a_monthly_report_with_its_contents_is_one_task(read: Read) -> None:
    assert only(read("## 月次レポート", "- 稼働率", "- 件数")).name == "月次レポート"


def test_items_of_a_monthly_report_are_not_tasks(read: Read) -> None:
    design = read("## 月次運用", "### 月次レポート", "| 項目 | 内容 |", "|-|-|", "| 稼働率 | 月間の値 |")

    assert design.of(Routine) == ()


@pytest.mark.parametrize("heading", ["## 改訂履歴", "## 変更履歴"])
def test_the_history_of_the_document_is_not_a_routine(read: Read, heading: str) -> None:
    design = read("# 運用手順", heading, "| 日付 | 作業内容 | 担当 |", "|-|-|-|", "| 毎月1日 | 初版 | 佐藤 |")

    assert design.clauses == ()


def test_security_work_is_distinguished_from_other_work(read: Read) -> None:
    design = read("## 脆弱性管理", "| 項目 | 頻度 | 内容 |", "|-|-|-|", "| 脆弱性スキャン | 週次 | CVE |")

    (routine,) = design.of(SecurityRoutine)

    assert (routine.name, routine.schedule.cadence, routine.content) == (
        "脆弱性スキャン",
        Cadence.WEEKLY,
        "CVE",
    )


def test_a_caption_may_give_the_schedule_of_security_work(read: Read) -> None:
    design = read("## 脆弱性管理", "週次で以下を実施：", "", "- **イメージ**: 検査する")

    assert [routine.schedule.cadence for routine in design.of(SecurityRoutine)] == [Cadence.WEEKLY]


def test_access_rules_are_list_entries(read: Read) -> None:
    design = read(
        "## アクセス管理",
        "- **アクセス権限レビュー**: 四半期毎",
        "- **退職者アカウント削除**: 即日",
        "- **MFA**: 本番環境アクセスは必須",
        "- **パスワードポリシー**: 最小12文字、英数字記号混在、90日毎変更",
    )

    assert [review.schedule.cadence for review in design.of(AccessReview)] == [Cadence.QUARTERLY]
    assert [(removal.timing, removal.within) for removal in design.of(AccountRemoval)] == [("即日", None)]
    assert [rule.is_required for rule in design.of(MfaRule)] == [True]
    (policy,) = design.of(PasswordPolicy)
    assert (policy.min_length, policy.classes) == (12, ("letters", "digits", "symbols"))
    assert isinstance(policy.expires_after, Duration)
    assert design.unread == ()


def test_account_removal_may_have_a_limit(read: Read) -> None:
    (removal,) = read("## アクセス管理", "- 退職者アカウント削除: 3営業日以内").of(AccountRemoval)

    assert removal.within is not None
    assert removal.within.amount == 3


def test_password_rules_on_separate_lines_are_one_policy(read: Read) -> None:
    design = read(
        "## パスワードポリシー",
        "- 最小文字数: 8文字",
        "- 複雑性: 英大文字・小文字・数字",
        "- 有効期限: 90日（推奨）",
    )

    (policy,) = design.of(PasswordPolicy)

    assert (policy.min_length, policy.classes) == (8, ("letters", "digits", "upper", "lower"))


def test_an_mfa_rule_that_is_neither_required_nor_optional_is_unread(read: Read) -> None:
    design = read("## アクセス管理", "- MFA: 社内で決める")

    assert "必須かどうか" in str(design.unread[0].reason)


def test_audit_review_says_how_often(read: Read) -> None:
    weekly, open_ended = read(
        "## 監査ログレビュー", "- 重要操作を週次でレビュー", "- 不審なパターンの検知"
    ).of(AuditReview)

    assert isinstance(weekly.schedule, Schedule)
    assert open_ended.schedule is None


@pytest.mark.parametrize(
    ("heading", "entry"), [("## 定期作業", "- ログ確認: 毎日 9:00"), ("## 日次作業", "- ログ確認: 毎日 9:00")]
)
def test_an_entry_may_contain_its_own_schedule(read: Read, heading: str, entry: str) -> None:
    routine = only(read(heading, entry))

    assert (routine.name, routine.schedule.cadence) == ("ログ確認", Cadence.DAILY)


def test_security_work_may_contain_its_own_schedule(read: Read) -> None:
    design = read("## セキュリティ", "- 脆弱性診断: 年1回", "- 検討中の対策: なし")

    assert [routine.name for routine in design.of(SecurityRoutine)] == ["脆弱性診断"]


def test_weekdays_in_an_english_heading_are_read(read: Read) -> None:
    routine = only(read("# Handbook", "## Weekly Maintenance (Sundays 2:00-4:00)", "- Vacuum the database"))

    assert routine.schedule.weekdays == (Weekday.SUNDAY,)


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("Weekly upkeep (Saturdays 1:30-3:00 GMT)", "毎週土曜 01:30-03:00 UTC"),
        ("週次点検（毎週木曜）（6:00）", "毎週木曜 06:00"),
        ("日次点検（平日 7:15 JST）", "平日 07:15 JST"),
        ("週次点検（木曜 6:00、約20分）", "毎週木曜 06:00"),
        ("月次点検（最終金曜 18:00）", "毎月最終金曜 18:00"),
        ("毎朝の点検", "日次"),
        ("日次点検（土日祝を除く）", "平日"),
    ],
)
def test_all_that_a_heading_says_of_time_is_kept(read: Read, heading: str, said: str) -> None:
    (routine,) = read("## 定期作業", f"### {heading}", "- [ ] 温室の窓").of(Routine)

    assert str(routine.schedule) == said


@pytest.mark.parametrize(
    "heading",
    [
        "日次点検（定休日以外）",
        "週次点検（木曜 6:00 PST）",
        "日次点検（5分間隔）",
        "月次点検（第2、第4木曜 6:00）",
        "Weekly upkeep (every other Thursday)",
        "Daily upkeep (except holidays)",
    ],
)
def test_a_heading_whose_time_is_not_understood_gives_none(read: Read, heading: str) -> None:
    design = read("## 定期作業", f"### {heading}", "- [ ] 温室の窓")

    assert design.of(Routine) == ()
    assert "design.heading-time-not-read" in [row.reason.code for row in design.unread]


def test_a_clock_in_a_row_takes_the_day_of_the_heading(read: Read) -> None:
    header = "| 作業 | 時刻 | 担当 |"

    (routine,) = read("## 週次作業（木曜 6:00-8:00）", header, "|-|-|-|", "| 灌水 | 7:00 | 園芸 |").of(
        Routine
    )

    assert str(routine.schedule) == "毎週木曜 07:00"


@pytest.mark.parametrize("heading", ["週次・月次作業", "日次作業（祝日を除く）"])
def test_a_clock_in_a_row_is_not_daily_below_a_heading_that_says_otherwise(read: Read, heading: str) -> None:
    header = "| 作業 | 時刻 | 担当 |"

    design = read(f"## {heading}", header, "|-|-|-|", "| 灌水 | 7:00 | 園芸 |")

    assert design.of(Routine) == ()
    assert design.unread[0].reason.code == "design.heading-time-not-read"


@pytest.mark.parametrize(
    ("cell", "owner", "is_automatic"),
    [
        ("自動", "", True),
        ("自動（cron）", "", True),
        ("手動", "", False),
        ("半自動", "", False),
        ("手動/自動", "", False),
        ("手動（園芸係）", "園芸係", False),
        ("システム管理者", "システム管理者", False),
        ("Automation team", "Automation team", False),
        ("by hand", "", False),
        ("Cron job", "", True),
        ("CI/CD", "", True),
    ],
)
def test_how_a_task_is_done_is_not_who_does_it(read: Read, cell: str, owner: str, is_automatic: bool) -> None:
    routine = only(read("## 定期作業", "| 作業 | 頻度 | 担当 |", "|-|-|-|", f"| 灌水 | 毎日 7:00 | {cell} |"))

    assert (routine.owner, routine.person, routine.is_automatic) == (owner, owner, is_automatic)


def test_a_column_says_whether_a_task_is_automatic(read: Read) -> None:
    row = "| 灌水 | 毎日 7:00 | 園芸 | 自動 |"

    routine = only(read("## 定期作業", "| 作業 | 頻度 | 担当 | 自動化 |", "|-|-|-|-|", row))

    assert (routine.owner, routine.is_automatic) == ("園芸", True)


@pytest.mark.parametrize(
    ("due", "said"), [("毎月8日", "毎月8日"), ("5/8", ""), ("2027-05-08", ""), ("5月末", "")]
)
def test_a_task_with_a_deadline_is_done_once_unless_the_deadline_recurs(
    read: Read, due: str, said: str
) -> None:
    design = read("## 月次作業", "| 作業 | 期限 | 担当 |", "|-|-|-|", f"| 剪定 | {due} | 園芸 |")

    assert [str(routine.schedule) for routine in design.of(Routine)] == ([said] if said else [])


@pytest.mark.parametrize("entry", ["剪定（期限: 5/8）", "2027年5月8日 温室の移設", "Prune (due 5/8)"])
def test_an_entry_with_a_date_is_done_once(read: Read, entry: str) -> None:
    design = read("## 月次作業", f"- [ ] {entry}", "- [ ] 土の入れ替え")

    assert [routine.name for routine in design.of(Routine)] == ["土の入れ替え"]
    assert [row.reason.code for row in design.unread] == ["design.task-once"]


@pytest.mark.parametrize("caption", ["見るもの", "巡回", "開館前の作業"])
def test_an_entry_that_only_names_those_nested_in_it_is_no_task(read: Read, caption: str) -> None:
    design = read("## 日次運用", f"- {caption}", "  - 返却ポストのログ", "  - 予約キューの件数")

    assert design.of(Routine) == ()
    assert len(design.unread) == 1


def test_an_entry_with_a_value_keeps_it_whatever_is_nested_below(read: Read) -> None:
    design = read("## 定期作業", "- 予約キューの確認: 毎日 9:00", "  - 滞留があれば再送する")

    assert [routine.name for routine in design.of(Routine)] == ["予約キューの確認"]


@pytest.mark.parametrize(
    ("above", "heading", "expected"),
    [
        ("### Tuesday: ward terminals", "#### Weekly terminal check", "毎週火曜"),
        ("### Saturday: quiet hours", "#### Weekly tidy-up (03:00-04:00)", "毎週土曜 03:00-04:00"),
        ("### 金曜日: 週末の準備", "#### 週次チェック", "毎週金曜"),
        ("### Terminals", "#### Weekly terminal check", "週次"),
        ("### Month-end: closing", "#### Monthly check", "毎月末"),
        ("### Saturday: quiet hours", "#### Weekly check (Monday)", "毎週月曜"),
    ],
)
def test_a_cadence_takes_its_day_from_the_heading_above(
    read: Read, above: str, heading: str, expected: str
) -> None:
    routine = only(read("## Recurring work", above, heading, "- [ ] Restart the kiosk server"))

    assert str(routine.schedule) == expected


@pytest.mark.parametrize(
    ("above", "heading"),
    [
        ("### Second week: stock count", "#### Monthly count"),
        ("### Q3: fire drill", "#### Annual drill"),
    ],
)
def test_a_part_of_the_period_that_is_not_read_is_not_left_out(read: Read, above: str, heading: str) -> None:
    design = read("## Server maintenance", above, heading, "- [ ] Restart the kiosk server")

    assert not design.of(Routine)
    assert "design.heading-time-not-read" in [row.reason.code for row in design.unread]


def test_facts_below_the_tasks_say_when_they_are_due(read: Read) -> None:
    design = read(
        "## Server maintenance",
        "### Weekly kiosk upkeep",
        "- [ ] Empty the print spool",
        "- [ ] Check the disk",
        "",
        "**Owner:** night shift",
        "**Frequency:** Weekly (Thursday 04:00)",
        "",
        "### Monthly tidy-up",
        "- [ ] Remove old builds",
    )

    due = {routine.name: str(routine.schedule) for routine in design.of(Routine)}
    assert due["Empty the print spool"] == due["Check the disk"] == "毎週木曜 04:00"
    assert due["Remove old builds"] == "月次"


@pytest.mark.parametrize("caption", ["Second Tuesday of each month:", "First month of each quarter:"])
def test_a_heading_whose_caption_says_more_of_the_time_is_no_task(read: Read, caption: str) -> None:
    design = read("## Server maintenance", "### Monthly review", caption, "", "- Look through the alerts")

    assert not [routine for routine in design.of(Routine) if str(routine.schedule) == "月次"]


@pytest.mark.parametrize(
    "entry",
    ["Output: minutes for the board", "Focus: slow pages", "Agenda:", "Recipients: the board", "議題:"],
)
def test_what_describes_a_meeting_is_no_task(read: Read, entry: str) -> None:
    design = read("## Server maintenance", "### Quarterly review", f"- {entry}", "- Compare the CPU usage")

    assert [routine.name for routine in design.of(Routine)] == ["Compare the CPU usage"]


def test_the_contents_of_a_security_report_are_no_tasks(read: Read) -> None:
    design = read("## Security monitoring", "**Weekly security report:**", "", "- Top alerts", "- Anomalies")

    assert not design.of(SecurityRoutine)
