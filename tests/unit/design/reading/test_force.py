"""Rows that their author does not mean to hold now are never acted on, and shown as such."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.batch import Batch
from toban.design.clauses.incident import IncidentFlow
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.clauses.routine import Routine

TARGETS = ("| 項目 | 目標値 |", "|---|---|", "| 稼働率 | 99.9%以上 |")


@pytest.mark.parametrize(
    "heading",
    [
        "## SLA改善計画",
        "## 将来の目標",
        "## アクションアイテム",
        "## 可用性（案）",
        "## レポート例",
        "## Availability roadmap",
        "## 月次報告書の様式",
        "## 可用性（次期対応予定）",
        "## Report layout: report format",
        "## バックアップ対象外",
        "## 回復目標案",
        "## 目標の設定例",
        "## 目標（例）",
        "## 改善された目標",
    ],
)
def test_a_row_below_a_plan_or_a_sample_does_not_hold(read: Read, heading: str) -> None:
    design = read(heading, "### 可用性", *TARGETS)

    assert design.of(Objective) == ()
    (row,) = design.not_in_force
    assert row.reason.code == "design.heading-not-in-force"
    assert (design.rows, design.read) == (1, 0)


@pytest.mark.parametrize("mark", ["（予定）", "（案）", "(planned)", "【検討中】", "（未実装）"])
def test_a_mark_takes_a_row_back(read: Read, mark: str) -> None:
    design = read("## 可用性", "| 項目 | 目標値 |", "|---|---|", f"| 稼働率{mark} | 99.9%以上 |")

    assert (design.of(Objective), len(design.not_in_force)) == ((), 1)


@pytest.mark.parametrize("heading", ["## 定例の目標", "## 案件の目標", "## 例外時の目標"])
def test_a_heading_that_only_contains_the_words_is_in_force(read: Read, heading: str) -> None:
    assert len(read(heading, "### 可用性", *TARGETS).of(Objective)) == 1


@pytest.mark.parametrize("column", ["目標値案", "暫定目標案", "**保証水準案**"])
def test_a_column_of_suggested_values_is_not_in_force(read: Read, column: str) -> None:
    design = read(
        "## 可用性", f"| 項目 | 目標値 | {column} |", "|---|---|---|", "| 稼働率 | 99.9%以上 | 99% |"
    )

    (row,) = design.not_in_force
    assert row.reason.code == "design.columns-of-a-draft"


@pytest.mark.parametrize("status", ["未着手", "計画中", "Planned", "Not started", "Not yet started"])
def test_a_status_of_its_own_takes_a_row_back(read: Read, status: str) -> None:
    table = ("| 項目 | 目標値 | 備考 |", "|---|---|---|", f"| 稼働率 | 99.9%以上 | {status} |")

    assert len(read("## 可用性", *table).not_in_force) == 1


@pytest.mark.parametrize("word", ["計画停止を除く", "将来の増加は含まない", "案内係", "予定外の停止"])
def test_words_about_something_else_take_nothing_back(read: Read, word: str) -> None:
    table = ("| 項目 | 目標値 | 備考 |", "|---|---|---|", f"| 稼働率 | 99.9%以上 | {word} |")

    assert len(read("## 可用性", *table).of(Objective)) == 1


def test_a_value_that_is_not_needed_is_not_in_force_rather_than_unread(read: Read) -> None:
    design = read(
        "## 監視項目",
        "| 対象 | 監視項目 | 警告 |",
        "|---|---|---|",
        "| Web | CPU使用率 | 80% |",
        "| DB | 接続数 | 不要 |",
    )

    assert [monitor.target for monitor in design.of(Monitor)] == ["Web"]
    assert ([row.line for row in design.not_in_force], design.unread) == ([6], ())


@pytest.mark.parametrize(
    "header",
    [
        "| 項目 | 現状 | 目標 | 改善施策 |",
        "| 指標 | 現在値 | 目標値 | 施策 |",
        "| Metric | Current | Target | Improvement |",
    ],
)
def test_the_columns_of_a_plan_are_no_targets_in_force(read: Read, header: str) -> None:
    design = read("## RPO/RTO", header, "|---|---|---|---|", "| RPO | 4時間 | 30分 | 差分の追加 |")

    assert design.clauses == ()
    assert [row.reason.code for row in design.not_in_force] == ["design.columns-of-a-plan"]


@pytest.mark.parametrize("header", ["| 指標 | 目標値 | 実績値 |", "| Metric | Target | Current |"])
def test_a_target_beside_what_was_reached_holds(read: Read, header: str) -> None:
    design = read("## RPO/RTO", header, "|---|---|---|", "| RPO | 4時間 | 2時間 |")

    assert len(design.of(RecoveryObjective)) == 1


@pytest.mark.parametrize("day", ["4/20", "2027-03-31", "2027年5月末", "Q3 2027", "来月", "5月10日(月)まで"])
def test_work_with_a_deadline_is_done_once(read: Read, day: str) -> None:
    header = ("| 作業項目 | 内容 | 期限 | 担当 |", "|---|---|---|---|")
    design = read("## システムの定期作業一覧", *header, f"| 証明書の入れ替え | 検証機から | {day} | 基盤係 |")

    assert design.of(Routine) == ()
    assert [row.reason.code for row in design.not_in_force] == ["design.done-once"]


@pytest.mark.parametrize("day", ["毎月5日", "毎年3月31日", "毎週金曜"])
def test_a_deadline_that_comes_again_is_no_single_one(read: Read, day: str) -> None:
    header = ("| 作業項目 | 内容 | 期限 | 担当 |", "|---|---|---|---|")

    design = read("## システムの定期作業一覧", *header, f"| 貸出統計 | 館ごと | {day} | 基盤係 |")

    assert design.not_in_force == ()


def test_of_phases_only_the_current_one_holds(read: Read) -> None:
    table = "| バッチ名 | 実行時刻 |\n|---|---|\n| {} | 毎日 {} |\n"
    text = "\n\n".join(
        (
            "## バッチ一覧",
            "### フェーズ1（完了）",
            table.format("貸出集計", "1:00"),
            "### フェーズ2（現在・全館）",
            table.format("予約集計", "2:00"),
            "### フェーズ3（他市連携）",
            table.format("連携", "3:00"),
        )
    )
    design = read(text)

    assert [batch.name for batch in design.of(Batch)] == ["予約集計"]
    assert [row.reason.code for row in design.not_in_force] == ["design.another-phase"] * 2


def test_phases_of_an_incident_are_all_in_force(read: Read) -> None:
    first = "### フェーズ1: 現状の把握\n\n- [ ] 毎日 9:00 ログ確認\n\n"
    second = "### フェーズ2: 復旧\n\n- [ ] 毎日 10:00 報告\n"

    assert read(f"## 障害対応\n\n{first}{second}").not_in_force == ()


def test_a_sample_document_in_a_fence_states_nothing(read: Read) -> None:
    sample = ("```", "## 障害報告 第N号", "1. 検知した時刻", "2. 一次対応", "3. 復旧", "```")

    assert read("## 障害対応フロー", *sample, "", "- 備考").of(IncidentFlow) == ()


def test_a_fence_within_a_sample_does_not_end_it(read: Read) -> None:
    sample = ("```markdown", "## 監視項目", "```bash", "uptime", "```", "", *TARGETS, "```")
    design = read("## 可用性", *sample, "", *TARGETS)

    assert [objective.origin.line for objective in design.of(Objective)] == [16]


def test_what_stands_below_an_example_is_not_in_force(read: Read) -> None:
    design = read("## Performance targets", "### Example: seat map API", "- Latency P95: < 300ms")

    assert not design.clauses
    assert [row.line for row in design.not_in_force]


def test_a_blank_with_a_hint_is_not_in_force(read: Read) -> None:
    row = "| Uptime checks | [TODO: tool of the hosting company] |"
    design = read("## Monitoring tools", "| Purpose | Tool |", "|-|-|", row)

    assert not design.clauses
    assert len(design.not_in_force) == 1


def test_targets_by_a_horizon_are_a_plan(read: Read) -> None:
    header = ("| Metric | Current | Target (6M) | Target (12M) |", "|-|-|-|-|")
    design = read("## Service level", *header, "| Availability | 99% | 99.5% | 99.9% |")

    assert not design.clauses
    assert len(design.not_in_force) == 1


@pytest.mark.parametrize("heading", ["Incremental backups (optional)", "増分バックアップ（任意）"])
def test_what_is_optional_is_not_in_force(read: Read, heading: str) -> None:
    design = read("## Backup", f"### {heading}", "- Frequency: Hourly", "- Retention: 7 days")

    assert not design.clauses
    assert design.not_in_force


@pytest.mark.parametrize("title", ["# 運用マニュアル（作成中）", "# Runbook (draft)"])
def test_nothing_of_a_manual_still_to_be_written_is_in_force(read: Read, title: str) -> None:
    design = read(title, "## 日次作業", "- [ ] ログを確認する", "- [ ] 空き容量を確認する")

    assert (design.clauses, len(design.not_in_force)) == ((), 2)


def test_a_list_of_manuals_to_write_is_not_in_force(read: Read) -> None:
    assert read("## 定期作業", "### 日次作業手順書の作成", "- [ ] ログの確認").clauses == ()


@pytest.mark.parametrize("mark", ["to be implemented in M14", "to be defined"])
def test_a_heading_says_that_what_is_below_is_still_to_be_made(read: Read, mark: str) -> None:
    table = ("| Alert | Condition | Severity |", "|-|-|-|", "| SlowAnswers | p95 > 2s for 5 minutes | P1 |")

    assert len(read(f"## Alert rules ({mark})", *table).not_in_force) == 1
