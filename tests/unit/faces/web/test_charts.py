"""The data of a chart for the script that draws it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from toban.faces.web.charts import (
    Bars,
    Chart,
    ChartLine,
    ChartMark,
    ChartRow,
    DrawnLimit,
    Tone,
    bytes_scale,
    figure,
    length_scale,
    lifted,
)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def chart(
    bars: tuple[Bars, ...] = (), lines: tuple[ChartLine, ...] = (), marks: tuple[ChartMark, ...] = ()
) -> Chart:
    return Chart(
        title="行",
        start=NOON,
        end=NOON + 2 * MINUTE,
        heads=("時刻", "行"),
        rows=[ChartRow(NOON, "12:00", ("1",)), ChartRow(NOON + MINUTE, "12:01", ("2",))],
        bars=bars,
        lines=lines,
        limits=[DrawnLimit(Tone.BAD, 80, "80%以上")],
        marks=marks,
    )


def test_a_chart_is_json_with_a_value_for_each_row() -> None:
    drawing = chart(
        bars=(Bars("ERROR", Tone.BAD, [1, None]),),
        lines=(ChartLine("平均", Tone.INK, [1.23456789, None]),),
        marks=(
            ChartMark("検知した", Tone.TODO, NOON),
            ChartMark("計画メンテナンス", Tone.RUN, NOON, NOON + MINUTE),
        ),
    ).drawing

    read = json.loads(json.dumps(drawing))
    assert read["times"] == [NOON.timestamp(), NOON.timestamp() + 60]
    assert read["bars"] == [{"tone": "bad", "values": [1, None]}]
    assert read["lines"][0]["values"] == [1.23457, None]
    assert read["limits"] == [{"tone": "bad", "value": 80, "text": "80%以上"}]
    assert [(each["name"], each["until"]) for each in read["marks"]] == [
        ("検知した", None),
        ("計画メンテナンス", NOON.timestamp() + 60),
    ]


@pytest.mark.parametrize(("value", "is_whole"), [(3, True), (3.5, False)])
def test_an_axis_of_whole_numbers_has_no_halves(value: float, is_whole: bool) -> None:
    assert chart(bars=(Bars("行", Tone.RUN, [value, None]),)).drawing["whole"] is is_whole


def test_the_legend_names_each_colour_once_and_is_omitted_for_a_single_one() -> None:
    window = ChartMark("計画メンテナンス", Tone.RUN, NOON, NOON + MINUTE)
    line = ChartLine("平均", Tone.INK, [1, 2])

    assert [each.name for each in chart(lines=(line,), marks=(window, window)).key] == [
        "平均",
        "計画メンテナンス",
    ]
    assert chart(lines=(line,)).key == []


def test_one_error_among_thousands_is_visible_in_the_chart() -> None:
    (critical, error, info) = lifted([[1], [1], [100_000]])

    assert critical[0] == error[0] == pytest.approx(0.015 * 100_002)
    assert sum(filter(None, (*critical, *error, *info))) == pytest.approx(100_002)


def test_zero_values_get_a_visible_minimum_height_and_missing_values_stay_missing() -> None:
    assert lifted([[0, None, 200]]) == [[3, None, 200]]
    assert lifted([[0]]) == [[pytest.approx(0.015)]]
    assert lifted([[], []]) == [[], []]


@pytest.mark.parametrize(
    ("value", "said"), [(1234.5, "1,234.5ms"), (92, "92ms"), (0.004, "0ms"), (-0.5, "-0.5ms")]
)
def test_a_figure_has_two_decimals_at_most(value: float, said: str) -> None:
    assert figure(value, "ms") == said


def test_an_axis_uses_the_largest_unit_its_values_reach() -> None:
    assert length_scale(timedelta(minutes=90)) == (" h", 3600)
    assert length_scale(timedelta(seconds=59)) == (" s", 1)
    assert length_scale(timedelta()) == (" s", 1)
    assert bytes_scale(2_000_000) == (" MB", 1e6)
