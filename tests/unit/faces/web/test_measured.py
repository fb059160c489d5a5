"""A measured series as a chart."""

from datetime import UTC, datetime, timedelta

from toban.engine.telemetry.samples import Point
from toban.faces.web.charts import Chart, ChartMark, DrawnLimit, Tone
from toban.faces.web.measured import MeasuredSeries, measured

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CRITICAL = DrawnLimit(Tone.BAD, 100, "100%以上")


def points(*values: float, every: timedelta = MINUTE) -> list[Point]:
    return [Point(NOON + number * every, value, value - 1, value + 1) for number, value in enumerate(values)]


def drawn(found: list[Point], *marks: ChartMark, lasts: timedelta = HOUR) -> Chart:
    return measured(
        MeasuredSeries(found, "%", [CRITICAL], NOON, NOON + lasts), marks, lambda at: f"{at:%H:%M}"
    )


def test_the_line_and_the_table_give_mean_minimum_and_maximum_with_the_unit() -> None:
    chart = drawn(points(2, 50.125))

    (line,) = chart.lines
    assert (line.values, line.lows, line.highs) == ([2, 50.125], [1, 49.125], [3, 51.125])
    assert [(row.label, row.cells) for row in chart.rows] == [
        ("12:00", ("2%", "1%", "3%")),
        ("12:01", ("50.12%", "49.12%", "51.12%")),
    ]
    assert chart.facts == [("最小", "1%"), ("最大", "51.12%"), ("最後", "50.12%")]
    assert chart.limits == [CRITICAL]


def test_moments_and_ranges_inside_the_chart_are_marked() -> None:
    marks = [
        ChartMark("しきい値を超過", Tone.BAD, NOON + MINUTE),
        ChartMark("復旧", Tone.OK, NOON + 2 * HOUR),
        ChartMark("計画メンテナンス", Tone.RUN, NOON - HOUR, NOON + MINUTE),
        ChartMark("計画メンテナンス", Tone.RUN, NOON - HOUR, NOON - MINUTE),
    ]

    assert drawn(points(1, 2), *marks).marks == [marks[0], marks[2]]


def test_the_line_has_a_gap_without_measurements_and_the_table_says_so() -> None:
    found = [each for each in points(*[1.0] * 12) if not 4 <= each.at.minute <= 8]

    chart = drawn(found)

    assert list(chart.lines[0].values) == [1.0] * 4 + [None] + [1.0] * 3
    assert [row.cells for row in chart.rows][4] == ("測定なし",)


def test_a_rarely_measured_row_is_still_one_line() -> None:
    chart = drawn(points(1, 1, 1, every=HOUR), lasts=3 * HOUR)

    assert None not in chart.lines[0].values
