"""The durations of runs, drawn."""

from datetime import UTC, datetime, timedelta

from toban.engine.runs.models import Run
from toban.faces.web.runs.charts import durations

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def run(number: int, minutes: float | None, state: str = "done") -> Run:
    due = NOON + number * DAY
    ended = due + timedelta(minutes=minutes) if minutes is not None else None
    return Run(pk=number, work="B1", due_at=due, state=state, began_at=ended and due, ended_at=ended)


def test_each_run_is_a_bar_of_its_duration_and_result_and_links_to_its_page() -> None:
    chart = durations(
        [run(1, 2), run(2, 4), run(3, 9, "failed"), run(4, None, "missed")], ["一", "二", "三", "四"]
    )

    assert chart is not None
    assert chart.unit == " min"
    assert {bars.name: bars.values for bars in chart.bars} == {
        "● 成功": [2, 4, None, None],
        "■ 失敗": [None, None, 9, None],
        # A run that never began is a mark at zero.
        "◆ 未実施": [None, None, None, 0],
    }
    assert [(row.label, row.cells, row.address) for row in chart.rows][2:] == [
        ("三", ("9分",), "/runs/3"),
        ("四", ("—",), "/runs/4"),
    ]


def test_the_usual_duration_is_the_median_of_successful_runs() -> None:
    chart = durations([run(1, 2), run(2, 4), run(3, 90, "failed")], ["", "", ""])

    assert chart is not None
    assert chart.facts == [("最長", "1時間30分"), ("通常（成功の中央値）", "3分")]
    assert [limit.value for limit in chart.limits] == [0.05]


def test_runs_that_never_began_are_marks_and_without_runs_there_is_no_chart() -> None:
    missed = durations([run(1, None, "missed")], [""])

    assert missed is not None
    assert [bars.values for bars in missed.bars] == [[0]]
    assert missed.facts == []
    assert durations([], []) is None
