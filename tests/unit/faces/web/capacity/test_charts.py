"""A resource as a chart: the past, the forecast, the limits, and how far ahead is drawn."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from tests.unit.chapters.capacity.known_resources import DB, GB, TODAY, WEB, growing, known

from toban.chapters.capacity.forecasting.forecast import Forecast, LevelJump
from toban.chapters.capacity.forecasting.jumps import JumpKind
from toban.chapters.capacity.forecasting.series import UsageSeries
from toban.faces.web.capacity.charts import usage_chart
from toban.faces.web.charts import Chart

ZONE = ZoneInfo("Asia/Tokyo")


def drawn(
    forecast: Forecast | None, past: UsageSeries | None, imagined: Forecast | None = None, name: str = DB
) -> Chart:
    found = usage_chart(known(name, 2.0, forecast=forecast), past, imagined, ZONE, str)
    assert found is not None
    return found


def days(count: int, value: float = 100 * GB) -> UsageSeries:
    return UsageSeries(TODAY - timedelta(days=count), np.full(count, value))


def test_nothing_measured_and_nothing_forecast_draws_nothing() -> None:
    assert usage_chart(known(DB, 1.0), None, None, ZONE, str) is None


def test_past_and_forecast_share_one_axis_without_overlap() -> None:
    found = drawn(growing(100 * GB, 5 * GB), days(10))

    measured, forecast = found.lines
    assert (measured.values[9], measured.values[10], forecast.values[9]) == (100.0, None, None)
    assert forecast.values[10] == 105.0
    assert forecast.is_dashed
    assert len(forecast.lows) == len(forecast.highs) == len(found.rows)
    assert found.rows[10].label == str(TODAY)
    assert (found.rows[9].cells[0], found.rows[9].cells[1], found.rows[10].cells[0]) == ("100 GB", "—", "—")


def test_limits_are_those_of_the_row_in_the_unit_of_the_axis() -> None:
    found = drawn(growing(100 * GB, 5 * GB), days(10))

    assert [(each.value, each.text) for each in found.limits] == [(350.0, "70%"), (500.0, "上限 500 GB")]


def test_it_is_drawn_until_a_month_after_the_limit_is_reached_and_a_quarter_at_least() -> None:
    assert len(drawn(growing(100 * GB, 0.0), None).rows) == 90
    # 80 days to the limit, counted from 0, and a month.
    assert len(drawn(growing(100 * GB, 5 * GB), days(10)).rows) == 10 + 79 + 30


def test_half_a_year_of_the_past_is_drawn() -> None:
    assert len(drawn(None, days(300)).rows) == 180


def test_a_day_that_was_not_measured_is_a_gap() -> None:
    past = UsageSeries(date(2026, 11, 26), np.array([100 * GB, np.nan]))

    found = drawn(None, past)

    assert list(found.lines[0].values) == [100.0, None]
    assert found.rows[1].cells == ("—",)


def test_what_people_imagine_is_a_line_of_its_own() -> None:
    made, imagined = growing(100 * GB, GB), growing(300 * GB, GB)

    found = drawn(made, days(5), imagined)

    assert [each.values[5] for each in found.lines[1:]] == [101.0, 301.0]
    assert len(found.heads) == 1 + len(found.rows[0].cells)


def test_jumps_that_were_recognised_are_marked() -> None:
    jumps = (
        LevelJump(TODAY - timedelta(days=3), 5.0, JumpKind.STEP),
        LevelJump(TODAY - timedelta(days=300), 5.0, JumpKind.CLEAN_UP),
    )

    found = drawn(replace(growing(100 * GB, GB), jumps=jumps), days(10))

    assert [each.name for each in found.marks] == ["段差"]


def test_instances_are_drawn_as_plain_numbers() -> None:
    found = drawn(growing(2.0, 0.1), UsageSeries(date(2026, 11, 27), np.array([2.0])), name=WEB)

    assert (found.unit, found.rows[0].cells[0]) == ("", "2")
