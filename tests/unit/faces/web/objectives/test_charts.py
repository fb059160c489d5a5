"""A month's budget and days, drawn."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.objectives.rules import SliceTally
from toban.chapters.objectives.sli import Indicator, Sli
from toban.design.clauses.objectives import Objective
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.faces.web.objectives.charts import DayOutcome, budget_chart, days_chart, level_days

TOKYO = ZoneInfo("Asia/Tokyo")
NOON_OF_THE_4TH = datetime(2026, 4, 4, 12, tzinfo=TOKYO)
FIRST = date(2026, 4, 1)
DAY = 86_400.0
BUDGET = 30 * DAY / 1000
"""The seconds of downtime that 99.9% of April allows."""


def sli(target: str = "稼働率 | 99.9%", metric: Metric = Metric.UP) -> Sli:
    read = read_design(
        f"# 運用設計書\n\n## 1. 運用方針\n\n### 運用目標\n| 項目 | 目標値 |\n|---|---|\n| {target} |\n",
        "d.md",
    )
    (objective,) = read.of(Objective)
    return Sli(objective, Indicator(objective.id, metric, "API"), float(objective.target.limit.value))


def up(lost: float = 0.0, covered: float = DAY, planned: float = 0.0) -> SliceTally:
    """Return a day with *lost* seconds, of which *planned* were planned maintenance."""
    return SliceTally(covered, covered - lost, planned, 0.0)


DAYS = {
    FIRST: up(lost=BUDGET / 2),
    date(2026, 4, 2): up(lost=7200, planned=7200),
    # Nothing is known about the third.
    date(2026, 4, 4): up(covered=DAY / 4),
}


def test_each_day_up_to_today_is_met_missed_only_planned_or_unknown() -> None:
    found = level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH)

    assert [day.date.day for day in found] == [1, 2, 3, 4]
    assert [day.kept for day in found] == [
        DayOutcome.DEVIATING,
        DayOutcome.PLANNED,
        DayOutcome.GAP,
        DayOutcome.CONFORMING,
    ]
    # Today has lasted twelve hours so far, of which six are known.
    assert [day.share_known for day in found] == [1, 1, 0, 0.5]


def test_the_remaining_budget_is_reduced_by_unplanned_downtime() -> None:
    found = level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH)

    assert [day.budget_left for day in found] == [pytest.approx(0.5)] * 4


def test_a_past_month_has_all_its_days_and_a_future_one_has_none() -> None:
    assert len(level_days(sli(), date(2026, 2, 1), {}, TOKYO, NOON_OF_THE_4TH)) == 28
    assert level_days(sli(), date(2026, 5, 1), {}, TOKYO, NOON_OF_THE_4TH) == []


def test_a_bar_is_as_high_as_the_known_part_of_its_day() -> None:
    days = level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH)

    chart = days_chart("稼働率", days, TOKYO, ("日", "実績"), [(f"{day.date.day}",) for day in days])

    assert {bars.name: bars.values for bars in chart.bars} == {
        "目標達成": [None, None, None, 50],
        "計画メンテナンスによる目標未達": [None, 100, None, None],
        "目標未達": [100, None, None, None],
        "測定なし": [None, None, 100, 50],
    }
    assert [(mark.name, mark.at) for mark in chart.marks] == [
        ("計画メンテナンス", datetime(2026, 4, 2, tzinfo=TOKYO))
    ]
    assert [(row.label, row.cells) for row in chart.rows][1] == ("4/2", ("2",))
    # Days in the future have their slot.
    assert (chart.start, chart.end) == (
        datetime(2026, 4, 1, tzinfo=TOKYO),
        datetime(2026, 5, 1, tzinfo=TOKYO),
    )


def test_the_budget_is_a_line_and_unknown_days_are_shaded() -> None:
    days = level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH)

    chart = budget_chart("稼働率", days, TOKYO, "21分36秒 (50%)")

    assert chart is not None
    left, even = chart.lines
    assert left.values == [100, *[pytest.approx(50)] * 4, *[None] * 26]
    assert even.values[::15] == pytest.approx([100, 50, 0])
    assert [(mark.at.day, mark.shade) for mark in chart.marks] == [(3, 1), (4, 0.5)]
    assert [(row.label, row.cells) for row in chart.rows][::15] == [
        ("はじめ", ("100%", "100%")),
        ("4/15の終わり", ("—", "50%")),
        ("4/30の終わり", ("—", "0%")),
    ]


def test_an_overspent_budget_is_drawn_at_zero() -> None:
    chart = budget_chart(
        "稼働率",
        level_days(sli(), FIRST, {FIRST: up(lost=2 * BUDGET)}, TOKYO, datetime(2026, 4, 1, 23, tzinfo=TOKYO)),
        TOKYO,
        "",
    )

    assert chart is not None
    assert chart.lines[0].values[:3] == [100, 0, None]


def test_an_objective_on_a_mean_has_days_and_no_budget() -> None:
    days = level_days(
        sli("レスポンスタイム | 平均500ms以内", Metric.RESPONSE_TIME),
        FIRST,
        {FIRST: SliceTally(DAY, DAY * 501)},
        TOKYO,
        NOON_OF_THE_4TH,
    )

    assert days[0].kept is DayOutcome.DEVIATING
    assert budget_chart("応答", days, TOKYO, "") is None
    assert budget_chart("応答", [], TOKYO, "") is None


def test_a_day_one_hour_shorter_can_be_fully_known() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    short = {date(2026, 3, 29): up(covered=23 * 3600)}

    found = level_days(sli(), date(2026, 3, 1), short, berlin, datetime(2026, 4, 2, tzinfo=berlin))

    assert (found[28].share_known, found[28].has_gap) == (1, False)
