"""No reading rests on one sign: a heading, columns, values or the rows beside it."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.incident import FailurePattern, IncidentLevel
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.clauses.routine import Routine
from toban.message import Message


def test_a_sentence_between_sentences_is_no_condition(read: Read) -> None:
    design = read(
        "## Offline alerts",
        "- Polls the gates every minute",
        "- Sends a message when a gate has not answered for > 20 minutes",
        "- Also sends one when the gate is back",
        "- Only looks at the gates in the list",
    )

    assert design.of(Monitor) == ()
    (row,) = (row for row in design.unread if "> 20" in row.text)
    assert row.reason.code == "design.two-kinds-of-little"


def test_conditions_among_conditions_are_read(read: Read) -> None:
    design = read("## Alert conditions", "- Queue age > 10 minutes", "- Error rate > 5%")

    assert len(design.of(Monitor)) == 2


def test_an_entry_whose_neighbours_are_of_other_kinds_is_asked_about(read: Read) -> None:
    design = read(
        "## 運用",
        "### サービス目標",
        "- 検索の応答時間: 3秒以内",
        "- 当番: 2時間交代",
        "- 報告: 毎週まとめる",
    )

    assert design.of(Objective) == ()


def test_a_neighbour_of_the_kind_with_an_unclear_value_is_no_stranger(read: Read) -> None:
    design = read(
        "## Upkeep",
        "### Daily",
        "- [ ] Prune the image cache",
        "- [ ] Probe the gates every 30 seconds",
        "- [ ] Look at the alerts in real-time",
    )

    assert [routine.name for routine in design.of(Routine)] == ["Prune the image cache"]


PATTERNS = ("| 症状 | 原因 | 対処 |", "|-|-|-|", "| 画面が白い | 読み込みの順番 | 関数の中で読む |")


def test_columns_alone_make_no_kind(read: Read) -> None:
    design = read("## 運用", "## 制作の記録", *PATTERNS)

    assert design.of(FailurePattern) == ()
    assert [row.reason.code for row in design.unread] == ["design.little-speaks-for"]


def test_columns_with_a_heading_do(read: Read) -> None:
    assert len(read("## 障害時の対処", *PATTERNS).of(FailurePattern)) == 1


def test_columns_with_values_do(read: Read) -> None:
    table = ("| 監視項目 | 警告 | 異常 |", "|-|-|-|", "| CPU使用率 | 80% | 90% |")

    assert len(read("## 水位計", *table).of(Monitor)) == 1


def test_a_table_with_several_columns_of_no_role_needs_a_near_heading(
    read: Read,
) -> None:
    table = (
        "| Level | Value | UI | Notification | Escalation |",
        "|-|-|-|-|-|",
        "| CRITICAL | `critical` | Red | Email to the duty | Yes |",
    )

    assert read("## Monitoring", "### Design", "### Severity levels", *table).clauses == ()


def test_another_column_of_figures_may_hold_the_value(read: Read) -> None:
    def objectives(name: str, text: str) -> int:
        table = (f"| Metric | {name} | Target |", "|-|-|-|", f"| Search p95 | {text} | 20ms |")
        return len(read("## Performance", "### Last run", *table).of(Objective))

    assert (objectives("Found", "8ms"), objectives("Remark", "with 5 users")) == (0, 1)


def test_the_question_names_both_kinds(read: Read) -> None:
    table = (
        "| Copy | Frequency | Size | Price | Sum |",
        "|-|-|-|-|-|",
        "| Database | Daily | 150 MB | $0.04 | $1 |",
    )
    design = read("## Backup", "### Cost", *(row.replace("Copy", "Type") for row in table))

    assert design.clauses == ()
    assert {row.reason for row in design.unread} == {
        Message(
            "design.two-kinds-of-little",
            kinds=(Message("design.kind-backup-policy"), Message("design.kind-budget")),
        )
    }


@pytest.mark.parametrize("level", ["P1", "重大"])
def test_a_level_is_a_value(read: Read, level: str) -> None:
    table = ("| 重要度 | 説明 | 例 |", "|-|-|-|", f"| {level} | 使えない | 窓口の停止 |")

    assert len(read("## 障害レベル", *table).of(IncidentLevel)) == 1


def test_a_heading_alone_makes_no_kind_of_columns_of_words(read: Read) -> None:
    table = ("| Role | Permissions | Holder |", "|-|-|-|", "| `reader` | SELECT | Audit process |")

    assert read("## Monitoring", "### Database roles", *table).clauses == ()


def test_a_second_column_of_notes_is_no_stranger(read: Read) -> None:
    table = ("| 種別 | 対応方法 | 通知要否 | 備考 |", "|-|-|-|-|", "| 容量不足 | 中断する | 要 | - |")

    found = read("## 障害", *(row.replace("種別", "エラー種別") for row in table)).of(FailurePattern)

    assert len(found) == 1
