from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.capacity import CapacityReview, ResourceUsage, ScalingRule
from toban.design.clauses.cost import Budget, CostMeasure
from toban.design.clauses.decisions import Decision
from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.design.clauses.monitoring import ToolChoice
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule, RollbackProcedure
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.schedule import Cadence, NthWeekday, Weekday

type Read = Callable[..., Design]


def test_a_deploy_rule_says_who_approves(read: Read) -> None:
    design = read(
        "## デプロイ方式",
        "| 環境 | デプロイ方式 | トリガー | 承認 |",
        "|-|-|-|-|",
        "| 開発環境 | 自動 | マージ時 | 不要 |",
        "| 本番環境 | 手動 | 予定日時 | 運用責任者 |",
    )

    assert [(rule.environment, rule.approver) for rule in design.of(DeployRule)] == [
        ("開発環境", ""),
        ("本番環境", "運用責任者"),
    ]


def test_release_calendar_joins_frequency_and_timing(read: Read) -> None:
    design = read(
        "## リリーススケジュール",
        "| リリース種別 | 頻度 | タイミング |",
        "|-|-|-|",
        "| マイナー | 月1回 | 毎月第2火曜日 |",
        "| パッチ | 随時 | 緊急バグ修正時 |",
    )

    minor, patch = design.of(ReleaseSchedule)

    assert minor.schedule.day == NthWeekday(2, Weekday.TUESDAY)
    assert patch.schedule.cadence is Cadence.ON_EVENT


@pytest.mark.parametrize(
    "lines", [("1. 査読", "2. 本番"), ("```", "1. 査読", "2. 本番", "```"), ("```", "査読 → 本番", "```")]
)
def test_deploy_flow_is_a_list_or_a_block(read: Read, lines: tuple[str, ...]) -> None:
    design = read("## デプロイフロー", *lines)

    assert [flow.steps for flow in design.of(DeployFlow)] == [("査読", "本番")]


def test_a_rollback_promises_the_time_named_in_a_step(read: Read) -> None:
    (rollback,) = read("## ロールバック手順", "1. 判断", "2. 前の版へ切り戻し (5分以内)").of(
        RollbackProcedure
    )

    assert rollback.within == Duration(Decimal(5), TimeUnit.MINUTE)
    assert len(rollback.steps) == 2


def test_resource_has_use_and_limit(read: Read) -> None:
    header = "| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |"

    (usage,) = read(
        "## キャパシティ管理", header, "|-|-|-|-|-|", "| DB | 100GB | 500GB | 20% | 使用率70%到達時 |"
    ).of(ResourceUsage)

    assert usage.used is not None
    assert usage.limit is not None
    assert usage.extend_at is not None
    assert (usage.used.value, usage.limit.value) == (Decimal(100), Decimal(500))
    assert usage.extend_at.limit.value == Decimal(70)


@pytest.mark.parametrize("words", ["使用率70%到達時", "70%", "使用率70%以上"])
@pytest.mark.parametrize("note", [" (到達予測 2027-04)", "（到達予測 2027-04）", " (reached by 2027-04)"])
def test_a_month_that_is_forecast_is_no_part_of_the_limit(read: Read, words: str, note: str) -> None:
    def limit(cell: str) -> object:
        rows = (
            "| リソース | 現在使用量 | 上限 | 次回拡張予定 |",
            "|-|-|-|-|",
            f"| DB | 100GB | 500GB | {cell} |",
        )
        return read("## キャパシティ管理", *rows).of(ResourceUsage)[0].extend_at

    assert limit(words + note) == limit(words)
    assert limit(words) is not None


def test_a_scaling_rule_says_whether_it_is_automatic(read: Read) -> None:
    design = read(
        "## スケーリング",
        "| トリガー | アクション | タイミング |",
        "|-|-|-|",
        "| CPU使用率70%が30分継続 | 1台追加 | 自動 (Auto Scaling) |",
        "| ストレージ使用率70% | 拡張 | 手動 (計画的) |",
    )

    by_itself, by_hand = design.of(ScalingRule)

    assert (by_itself.is_automatic, by_hand.is_automatic) == (True, False)
    assert by_itself.trigger is not None
    assert by_itself.trigger.sustained == Duration(Decimal(30), TimeUnit.MINUTE)


@pytest.mark.parametrize(
    ("metric", "condition", "trigger"),
    [
        ("同時入室数", "> 300", "同時入室数 300超"),
        ("CPU", "常時 > 80%", "CPU 80%超"),
        ("Load", "drops below 20%", "Load 20%未満"),
        ("Orders", "consistently > 2,000", "Orders 2,000超"),
        ("Web", "CPU使用率75%を目安", "Web CPU使用率 75%"),
    ],
)
def test_a_scaling_limit_is_of_the_metric_in_its_column(
    read: Read, metric: str, condition: str, trigger: str
) -> None:
    header = "| 指標 | 閾値 | アクション |"
    (rule,) = read("## スケーリング", header, "|-|-|-|", f"| {metric} | {condition} | 1台追加 |").of(
        ScalingRule
    )

    assert str(rule.trigger) == trigger
    assert rule.trigger_text == f"{metric} {condition}"


def test_a_scaling_limit_of_nothing_is_asked(read: Read) -> None:
    design = read(
        "## スケーリング", "| 閾値 | アクション |", "|-|-|", "| > 300 | 増設 |", "| 特売日 | 増設 |"
    )

    assert [rule.trigger for rule in design.of(ScalingRule)] == [None]
    assert design.unread[0].reason.code == "design.limit-of-nothing"


@pytest.mark.parametrize("condition", ["CPU 30%以下が続く", "CPU 30%を下回ったら", "CPU 70%、メモリ 80%"])
def test_a_scaling_condition_that_is_not_one_limit_is_kept_as_words(read: Read, condition: str) -> None:
    (rule,) = read("## スケーリング", "| 条件 | 対応 |", "|-|-|", f"| {condition} | 縮小 |").of(ScalingRule)

    assert (rule.trigger, rule.trigger_text) == (None, condition)


@pytest.mark.parametrize("timing", ["半自動", "手動（自動化予定）", "自動化を検討", "semi-automatic"])
def test_what_is_automatic_only_in_part_is_not_automatic(read: Read, timing: str) -> None:
    header = "| 条件 | 対応 | 方式 |"
    (rule,) = read("## スケーリング", header, "|-|-|-|", f"| CPU使用率80% | 増設 | {timing} |").of(
        ScalingRule
    )

    assert not rule.is_automatic


def test_capacity_review_says_how_often(read: Read) -> None:
    monthly, open_ended = read("## キャパシティ予測", "- 月次で使用率をレビュー", "- 傾向から予測").of(
        CapacityReview
    )

    assert monthly.schedule is not None
    assert open_ended.schedule is None


@pytest.mark.parametrize(
    "aim", ["自動拡張: 混雑に応じて席数を調整", "分析: 長期の利用傾向の把握", "Forecasting: trends of use"]
)
def test_an_aim_of_planning_without_a_time_is_no_review(read: Read, aim: str) -> None:
    assert read("## 容量計画", f"- {aim}").of(CapacityReview) == ()


def test_budget_knows_the_total_and_its_alert(read: Read) -> None:
    header = "| 項目 | 月額予算 | アラートしきい値 | 確認頻度 |"

    total, part = read(
        "## コスト監視",
        header,
        "|-|-|-|-|",
        "| インフラ全体 | ¥500,000 | ¥550,000 (110%) | 日次 |",
        "| S3 | ¥50,000 | ¥55,000 | 週次 |",
    ).of(Budget)

    assert (total.is_total, part.is_total) == (True, False)
    assert total.monthly is not None
    assert total.monthly.amount == 500000
    assert total.alert is not None
    assert total.alert.percent == 110


@pytest.mark.parametrize(
    "header", ["サービス | 用途 | 月額目安", "項目 | 条件 | 月額", "プラン | 月額 | 内容"]
)
def test_a_price_list_is_not_a_budget(read: Read, header: str) -> None:
    design = read("## コスト管理", f"| {header} |", "|-|-|-|", "| EC2 | $10 | $20 |")

    assert design.of(Budget) == ()
    assert len(design.unread) == 1


def test_cost_measures_are_read_from_list_entries(read: Read) -> None:
    (measure,) = read("## コスト最適化", "- Auto Scaling: 夜間は最小台数").of(CostMeasure)

    assert (measure.name, measure.content) == ("Auto Scaling", "夜間は最小台数")


def test_document_says_when_it_is_updated_and_where_it_lives(read: Read) -> None:
    (document,) = read(
        "## 運用ドキュメント一覧",
        "| ドキュメント名 | 更新頻度 | 管理場所 |",
        "|-|-|-|",
        "| 手順書 | 変更時 | Wiki/Git |",
    ).of(ManagedDocument)

    assert document.update is not None
    assert (document.update.cadence, document.places) == (Cadence.ON_EVENT, ("Wiki", "Git"))


def test_a_list_of_related_documents_contains_no_clauses(read: Read) -> None:
    design = read(
        "# 運用手順", "## 関連ドキュメント", "| ドキュメント | 内容 |", "|-|-|", "| 基本設計書 | 構成 |"
    )

    assert (design.clauses, design.rows) == ((), 0)


def test_document_rule_says_how_often(read: Read) -> None:
    on_change, quarterly = read("## ドキュメント更新", "- システム変更時に更新", "- 四半期毎にレビュー").of(
        DocumentRule
    )

    assert on_change.schedule is not None
    assert quarterly.schedule is not None
    assert (on_change.schedule.cadence, quarterly.schedule.cadence) == (Cadence.ON_EVENT, Cadence.QUARTERLY)


def test_a_decision_that_repeats_words_of_other_chapters_stays_a_decision(read: Read) -> None:
    design = read(
        "## 重要な設計判断",
        "### 監視戦略",
        "- **RPO 1時間**: 増分バックアップ",
        "- **APM**: 応答時間",
        "- **検知**: 1分以内",
    )

    assert [
        (decision.area, decision.promised and decision.promised.amount) for decision in design.of(Decision)
    ] == [
        ("監視戦略", 1),
        ("監視戦略", None),
        ("監視戦略", 1),
    ]
    assert len(design.clauses) == 3


def test_release_calendar_may_be_a_list(read: Read) -> None:
    regular, urgent = read("## リリース", "- 定期リリース: 毎月第1水曜 20:00", "- 緊急リリース: 随時").of(
        ReleaseSchedule
    )

    assert regular.schedule.day == NthWeekday(1, Weekday.WEDNESDAY)
    assert urgent.schedule.cadence is Cadence.ON_DEMAND


def test_the_currency_may_be_in_the_heading_of_the_column(read: Read) -> None:
    (budget,) = read("## コスト管理", "| 費目 | 月額予算（円） |", "|-|-|", "| EC2 | 50,000 |").of(Budget)

    assert budget.monthly is not None
    assert (budget.monthly.amount, budget.monthly.currency) == (Decimal(50000), "JPY")


def test_a_bare_number_is_not_a_budget(read: Read) -> None:
    design = read("## コスト管理", "| 費目 | 月額予算 |", "|-|-|", "| EC2 | 50,000 |")

    assert str(design.unread[0].reason) == "月額予算「50,000」は金額として読めません"


@pytest.mark.parametrize("columns", ["| 文書 | 網羅率 | 優先度 |", "| 文書 | 対象 | 形式 |"])
def test_what_code_must_document_is_no_managed_document(read: Read, columns: str) -> None:
    design = read("## 運用文書の要件", columns, "|-|-|-|", "| 公開関数 | 90% | 高 |")

    assert design.of(ManagedDocument) == ()


@pytest.mark.parametrize(
    "drawing",
    [
        ["┌──────┐", "│1. 気づく│", "└───┬──┘", "┌───┴──┐", "│2. 伝える│", "└──────┘"],
        ["+------+     +------+", "| 気づく | --> | 伝える |", "+------+     +------+"],
        ["気づく ──▶ 伝える"],
        ["気づく", "  |", "  v", "伝える"],
    ],
)
def test_a_drawing_is_not_read_as_steps(read: Read, drawing: list[str]) -> None:
    design = read("## 障害対応", "### 障害対応フロー", "```", *drawing, "```")

    assert design.clauses == ()
    assert [row.reason.code for row in design.unread] == ["design.steps-as-diagram"]


def test_numbered_lines_between_commands_are_not_a_flow_of_one_step_each(read: Read) -> None:
    design = read(
        "## Release",
        "### Release steps",
        "1. **Build**",
        "```bash",
        "make",
        "```",
        "2. **Switch**",
        "```bash",
        "ln",
        "```",
    )

    assert not design.of(DeployFlow)
    assert "design.not-numbered-steps" in [row.reason.code for row in design.unread]


@pytest.mark.parametrize(
    "heading", ["監査ログのレビュー", "容量計画", "コスト最適化", "ドキュメント更新", "監視ツール"]
)
@pytest.mark.parametrize(
    "entry",
    [
        "詳細は別紙を参照",
        "この章では方針を述べる",
        "担当: 司書",
        "背景: 機器の老朽化",
        "費用は重要です",
        "Purpose: to save",
        "This is essential",
    ],
)
def test_what_only_describes_is_no_rule(read: Read, heading: str, entry: str) -> None:
    design = read(f"## {heading}", f"- {entry}", "- 監査ログ: 毎日確認する")

    assert entry not in [clause.text for clause in design.clauses]


def test_a_sentence_is_no_name_of_a_tool(read: Read) -> None:
    design = read("## 監視ツール", "- 例外: 標準出力に書く", "- ログ: Loki（標準出力を集める）")

    assert [tool.purpose for tool in design.of(ToolChoice)] == ["ログ"]


def test_measures_still_to_be_taken_are_none(read: Read) -> None:
    design = read("## Cost optimization", "- [ ] Cost planning", "- Stop the test server at night")

    assert [measure.name for measure in design.of(CostMeasure)] == ["Stop the test server at night"]


@pytest.mark.parametrize(
    ("heading", "steps"),
    [
        ("Rollback triggers", ("Critical issues", "Data loss")),
        ("Post-rollback tasks", ("Verify", "Document")),
        ("ロールバックの契機", ("エラー率の上昇", "データの破損")),
        ("Rollback", ("Via the dashboard", "Via the CLI")),
    ],
)
def test_triggers_and_alternatives_are_no_rollback(read: Read, heading: str, steps: tuple[str, ...]) -> None:
    design = read(
        "## Release", f"### {heading}", *(f"{number}. {step}" for number, step in enumerate(steps, 1))
    )

    assert not design.of(RollbackProcedure)


def test_a_tool_may_stand_before_what_it_is_for(read: Read) -> None:
    design = read("## Monitoring stack", "- HostWatch: Host-level metrics", "- Log collection: Vector")

    assert [(tool.purpose, tool.tools) for tool in design.of(ToolChoice)] == [
        ("Host-level metrics", ("HostWatch",)),
        ("Log collection", ("Vector",)),
    ]


def test_a_measure_of_a_business_is_no_cost_measure(read: Read) -> None:
    design = read("## 運用", "### コスト最適化", "- 会議: 人数を減らす", "- 印刷: 両面にする")

    assert design.of(CostMeasure) == ()
    assert {row.reason.code for row in design.unread} == {"design.measure-of-no-resource"}


@pytest.mark.parametrize(
    ("heading", "entry", "count"),
    [
        ("## コスト", "- サーバー: 月20万円", 0),
        ("## コスト予算", "- サーバー: 月20万円", 1),
        ("## Costs", "- Total: $2/month", 0),
    ],
)
def test_what_is_spent_is_no_budget(read: Read, heading: str, entry: str, count: int) -> None:
    assert len(read("## 監視", heading, entry).of(Budget)) == count
