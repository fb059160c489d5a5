"""A list entry becomes the kind that fits it best; where two fit, the author is asked."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.decisions import Decision
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.message import Message


@pytest.mark.parametrize(
    ("heading", "entry", "kinds"),
    [
        ("## 監視と監査ログのレビュー", "warn at >= 30s for 10 minutes", ["monitor", "audit-review"]),
        ("## 監視とコスト最適化", "critical if queue depth >= 40", ["monitor", "cost-measure"]),
        ("## Monitoring and capacity planning", "alert if lag > 90s", ["monitor", "capacity-review"]),
        ("## サービスレベル目標と容量計画", "検索の応答時間: 3秒以内", ["objective", "capacity-review"]),
    ],
)
def test_an_entry_below_a_heading_of_two_kinds_is_asked_about(
    read: Read, heading: str, entry: str, kinds: list[str]
) -> None:
    design = read(heading, f"- {entry}")

    assert design.clauses == ()
    (row,) = design.unread
    assert row.reason.code == "design.two-kinds-of-entry"
    assert row.reason.values["kinds"] == tuple(Message(f"design.kind-{kind}") for kind in kinds)


def test_a_heading_far_above_does_not_compete_with_the_next_one(read: Read) -> None:
    design = read("## コスト最適化", "### 方針", "### 監視", "- alert if lag > 90s")

    assert len(design.of(Monitor)) == 1


def test_a_key_decides_where_headings_name_two_kinds(read: Read) -> None:
    assert len(read("## 目標とRPO", "- RTO: 4時間").of(RecoveryObjective)) == 1


def test_a_decision_may_repeat_the_words_of_any_chapter(read: Read) -> None:
    design = read("## 設計判断", "- RPO: 1時間とした。貸出の記録は紙に控えがある")

    assert (len(design.of(Decision)), len(design.clauses)) == (1, 1)


def test_a_task_of_a_kind_of_its_own_is_no_routine(read: Read) -> None:
    design = read("## セキュリティ", "### 週次", "- 踏み台のログを確認")

    assert (len(design.of(SecurityRoutine)), design.of(Routine)) == (1, ())


def test_the_key_of_a_kind_with_an_unclear_value_makes_no_task(read: Read) -> None:
    design = read("## 定期作業", "### リリース", "- リリース頻度: 毎朝 9:00 頃の予定次第で調整")

    assert design.of(Routine) == ()


def test_steps_below_a_heading_of_two_procedures_are_asked_about(read: Read) -> None:
    design = read(
        "## デプロイ手順・ロールバック手順", "1. 受付を止める", "2. 版を入れ替える", "3. 受付を始める"
    )

    assert [row.reason.code for row in design.unread] == ["design.two-kinds-of-entry"]
