"""What is told of a batch, by where its runs stand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.batch.report import Row, signal, status
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.engine.runs.rules import OVERDUE

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def batch(failure: str = "再実行、アラート") -> Batch:
    text = f"""# 運用設計書

## 6. バッチ処理
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B004 | 集計 | 日次 | 12:00 | 集計 | {failure} |
"""
    (found,) = read_design(text, "運用設計書.md").of(Batch)
    return found


def run(state: Run.State, **more: object) -> Run:
    return Run(pk=1, work="B004", due_at=NOON, wake_at=NOON, state=state, reason="", **more)


def row(last: Run | None = None, current: Run | None = None, failure: str = "再実行、アラート") -> Row:
    return Row(batch(failure), "B004", last, current, None, ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    ("state", "verdict", "condition"),
    [
        (Run.State.DONE, Verdict.CONFORMING, Condition.OK),
        (Run.State.FAILED, Verdict.DEVIATING, Condition.CRITICAL),
        (Run.State.MISSED, Verdict.NOT_PERFORMED, Condition.WARNING),
        (Run.State.SKIPPED, Verdict.NOT_PERFORMED, Condition.OK),
        (Run.State.CANCELLED, Verdict.NOT_PERFORMED, Condition.OK),
    ],
)
def test_the_last_run_decides(state: Run.State, verdict: Verdict, condition: Condition) -> None:
    shown = row(run(state))

    told = signal(shown, NOON)

    assert status(shown, NOON).verdict is verdict
    assert told is not None
    assert told.condition is condition


def test_before_the_first_time_nothing_is_green_and_nothing_is_announced() -> None:
    assert status(row(), NOON).verdict is Verdict.NOT_MEASURABLE
    assert signal(row(), NOON) is None


@pytest.mark.parametrize(
    ("failure", "condition"), [("手動再実行", Condition.WARNING), ("", Condition.CRITICAL)]
)
def test_a_failure_is_as_loud_as_its_row_says_and_loud_where_it_says_nothing(
    failure: str, condition: Condition
) -> None:
    told = signal(row(run(Run.State.FAILED), failure=failure), NOON)

    assert told is not None
    assert told.condition is condition


def test_a_success_shows_its_time_in_the_document_s_zone_and_how_long_it_took() -> None:
    done = run(Run.State.DONE, began_at=NOON, ended_at=NOON + 90 * SECOND)

    assert status(row(done), NOON).value == "2026-04-01 12:00 成功 (90.0秒)"


def test_a_run_that_waits_for_its_next_attempt_is_a_warning_on_the_page_only() -> None:
    waiting = run(Run.State.WAITING, failures=2, note="終了コード 1")
    shown = row(run(Run.State.DONE), waiting)

    told = signal(shown, NOON)

    assert status(shown, NOON).verdict is Verdict.WARNING
    assert "2 回失敗しました。12:00 に再試行します: 終了コード 1" in status(shown, NOON).reason
    assert told is not None
    assert told.condition is Condition.OK


def test_a_run_that_does_not_start_is_announced_only_after_the_whole_span() -> None:
    shown = row(run(Run.State.DONE), run(Run.State.WAITING))

    in_time, late = signal(shown, NOON + OVERDUE), signal(shown, NOON + OVERDUE + SECOND)

    assert in_time is not None
    assert late is not None
    assert (in_time.condition, late.condition) == (Condition.OK, Condition.WARNING)
    assert "12:00 の分が 10分 を過ぎても始まりません" in late.limit
