"""A month's budget and days drawn."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.objectives.rules import Tally
from toban.chapters.objectives.sli import Indicator, Sli
from toban.design.clauses.objectives import Objective
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.faces.web.objectives.charts import CHART_HEIGHT, Kept, bars, budget_chart, level_days

TOKYO = ZoneInfo("Asia/Tokyo")
NOON_OF_THE_4TH = datetime(2026, 4, 4, 12, tzinfo=TOKYO)
FIRST = date(2026, 4, 1)
DAY = 86_400.0
BUDGET = 30 * DAY / 1000
"""Seconds that 99.9% of April allows for."""


def sli(target: str = "稼働率 | 99.9%", metric: Metric = Metric.UP) -> Sli:
    read = read_design(
        f"# 運用設計書\n\n## 1. 運用方針\n\n### 運用目標\n| 項目 | 目標値 |\n|---|---|\n| {target} |\n",
        "d.md",
    )
    (objective,) = read.of(Objective)
    return Sli(objective, Indicator(objective.id, metric, "API"))


def up(lost: float = 0.0, covered: float = DAY, planned: float = 0.0) -> Tally:
    """A day with *lost* seconds, of which *planned* were planned maintenance."""
    return Tally(covered, covered - lost, planned, 0.0)


DAYS = {
    FIRST: up(lost=BUDGET / 2),
    date(2026, 4, 2): up(lost=7200, planned=7200),
    # Of the third nothing is known.
    date(2026, 4, 4): up(covered=DAY / 4),
}


def test_each_day_up_to_today_is_kept_missed_only_planned_or_unknown() -> None:
    found = level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH)

    assert [day.date.day for day in found] == [1, 2, 3, 4]
    assert [day.kept for day in found] == [Kept.DEVIATING, Kept.PLANNED, Kept.GAP, Kept.CONFORMING]
    # Today has had twelve hours so far, of which six are known.
    assert [day.share_known for day in found] == [1, 1, 0, 0.5]


def test_what_is_left_of_the_budget_goes_down_by_what_was_not_planned() -> None:
    found = level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH)

    assert [day.budget_left for day in found] == [pytest.approx(0.5)] * 4


def test_a_month_that_is_over_has_all_its_days_and_one_to_come_none() -> None:
    assert len(level_days(sli(), date(2026, 2, 1), {}, TOKYO, NOON_OF_THE_4TH)) == 28
    assert level_days(sli(), date(2026, 5, 1), {}, TOKYO, NOON_OF_THE_4TH) == []


def test_a_bar_is_as_high_as_is_known_of_its_day_and_the_rest_is_a_gap() -> None:
    found = bars(level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH))

    assert [(bar.x, bar.height, bar.gap) for bar in found] == [
        (0, 40, 0),
        (20, 40, 0),
        (40, 0, 40),
        (60, 20, 20),
    ]
    assert [bar.planned > 0 for bar in found] == [False, True, False, False]


def test_the_budget_is_a_line_that_goes_on_as_another_over_days_that_nobody_knows() -> None:
    chart = budget_chart(level_days(sli(), FIRST, DAYS, TOKYO, NOON_OF_THE_4TH), 30)

    assert chart is not None
    assert chart.width == 600
    half = CHART_HEIGHT / 2
    assert chart.known == f"M0 0.0L20 {half}M20 {half}L40 {half}M60 {half}L80 {half}"
    assert chart.unknown == f"M40 {half}L60 {half}"
    assert chart.gaps == ((40, "1.00"), (60, "0.50"))


def test_a_budget_that_is_overspent_lies_on_the_ground() -> None:
    chart = budget_chart(
        level_days(sli(), FIRST, {FIRST: up(lost=2 * BUDGET)}, TOKYO, datetime(2026, 4, 1, 23, tzinfo=TOKYO)),
        30,
    )

    assert chart is not None
    assert chart.known == f"M0 0.0L20 {float(CHART_HEIGHT)}"


def test_a_mean_that_is_promised_has_days_and_no_budget() -> None:
    days = level_days(
        sli("レスポンスタイム | 平均500ms以内", Metric.RESPONSE_TIME),
        FIRST,
        {FIRST: Tally(DAY, DAY * 501)},
        TOKYO,
        NOON_OF_THE_4TH,
    )

    assert days[0].kept is Kept.DEVIATING
    assert budget_chart(days, 30) is None
    assert budget_chart([], 30) is None


def test_a_day_that_is_an_hour_shorter_is_known_as_a_whole() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    short = {date(2026, 3, 29): up(covered=23 * 3600)}

    found = level_days(sli(), date(2026, 3, 1), short, berlin, datetime(2026, 4, 2, tzinfo=berlin))

    assert (found[28].share_known, found[28].has_gap) == (1, False)
