"""Whether metrics are watched and measured as a decision says: decided from values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.monitoring.measuring.assertions import PATIENCE, WatchedRow, judged
from toban.design.clauses.decisions import Decision, watches
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.engine.evidence.assertions import Judgement
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
ROWS = """| Web | CPU使用率 | 70% | 85% | 1分 |
| Web | メモリ使用率 | 80% | 90% | 1分 |
| DB | CPU使用率 | 70% | 85% | 1分 |
| DB | メモリ使用率 | 70% | 85% | 1分 |
| API | 応答時間 | 500ms | 1000ms | 1分 |
"""
MEASURED = (Verdict.CONFORMING, NOON)


def judge(
    decision: str, rows: str = ROWS, found: Mapping[str, tuple[Verdict, datetime] | None] | None = None
) -> Judgement:
    """Judge *decision* where all rows are measured but those that *found* names: item → how it stands."""
    table = f"| 対象 | 監視項目 | 警告 | 異常 | 監視間隔 |\n|---|---|---|---|---|\n{rows}" if rows else ""
    design = read_design(f"# 運用設計書\n## 監視\n### 監視項目\n{table}\n## 設計判断\n- {decision}\n", "x.md")
    (row,), monitors = design.of(Decision), design.of(Monitor)
    watched = [each for each in monitors if any(watches(name, each) for name in row.metrics)]
    how = {f"{each.target} {each.item}": each for each in watched}
    known = [_standing(each, (found or {}).get(name, MEASURED)) for name, each in how.items()]
    return judged(row, monitors, known, NOON)


def _standing(row: Monitor, standing: tuple[Verdict, datetime] | None) -> WatchedRow:
    verdict, since = standing or (None, None)
    return WatchedRow(row, verdict, since, plain("web-1 が応答しません"))


def test_all_rows_measured_keep_the_decision() -> None:
    found = judge("メトリクス監視: CPU/メモリ")

    assert (found.verdict, str(found.value)) == (Verdict.CONFORMING, "4行中 4行を測定")


def test_what_no_row_watches_is_said_once_and_links_nowhere() -> None:
    found = judge("メトリクス監視: CPU/ディスク")

    assert found.verdict is Verdict.DEVIATING
    assert [(str(each.text), each.link) for each in found.against] == [
        ("ディスク を監視する行がありません", None)
    ]
    assert not found.is_told


def test_a_target_that_lacks_a_metric_is_named_and_linked() -> None:
    found = judge("メトリクス監視: CPU/メモリ", ROWS.replace("| DB | メモリ使用率 | 70% | 85% | 1分 |\n", ""))

    (each,) = found.against
    assert str(each.text) == "DB の メモリ を監視する行がありません"
    assert each.link is not None
    assert each.link.arguments == ("monitoring/monitor/DB/CPU使用率",)


def test_an_apm_decision_does_not_ask_every_target() -> None:
    rows = ROWS + "| Web | エラー率 | 1% | 5% | 1分 |\n"

    assert judge("APM: 応答時間とエラー率", rows).verdict is Verdict.CONFORMING


@pytest.mark.parametrize(
    ("standing", "verdict", "is_told"),
    [
        ((Verdict.NOT_MEASURABLE, NOON - PATIENCE), Verdict.NOT_MEASURABLE, False),
        ((Verdict.NOT_MEASURABLE, NOON - PATIENCE - timedelta(seconds=1)), Verdict.DEVIATING, True),
        ((Verdict.DEVIATING, NOON), Verdict.CONFORMING, False),
        ((Verdict.UNBOUND, NOON), Verdict.UNBOUND, False),
        ((Verdict.DECLARED, NOON), Verdict.NOT_MEASURABLE, False),
        (None, Verdict.NOT_MEASURABLE, False),
    ],
)
def test_one_row_decides(
    standing: tuple[Verdict, datetime] | None, verdict: Verdict, *, is_told: bool
) -> None:
    found = judge("メトリクス監視: CPU/メモリ", found={"Web CPU使用率": standing})

    assert (found.verdict, found.is_told) == (verdict, is_told)


def test_a_document_without_monitors_can_not_be_judged() -> None:
    assert judge("メトリクス監視: CPU/メモリ", "").verdict is Verdict.NOT_MEASURABLE
