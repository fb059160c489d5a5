"""Log rows by time and level, drawn."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from toban.engine.telemetry.logs.search import TimeSpan
from toban.faces.web.charts import Chart, Tone
from toban.faces.web.logs.chart import histogram

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def drawn(found: Mapping[tuple[datetime, str], int], minutes: float) -> Chart:
    span = TimeSpan(NOON, NOON + minutes * MINUTE)
    return histogram(
        found, span, MINUTE, lambda at: f"{at:%H:%M:%S}", lambda start, end: f"/{start:%M:%S}-{end:%M:%S}"
    )


def test_the_worst_level_is_at_the_bottom_of_each_bar() -> None:
    found = {(NOON, "INFO"): 60, (NOON, "ERROR"): 40, (NOON + MINUTE, "INFO"): 50}

    chart = drawn(found, 3)

    assert [(bars.name, bars.tone, bars.values, bars.total) for bars in chart.bars] == [
        ("ERROR", Tone.BAD, [40, None, None], "40"),
        ("INFO", Tone.RUN, [60, 50, None], "110"),
    ]
    assert [row.cells for row in chart.rows] == [("100", "ERROR 40, INFO 60"), ("50", "INFO 50"), ("0", "")]
    assert chart.title == "150行"


def test_unknown_levels_come_last_and_keep_their_names() -> None:
    chart = drawn({(NOON, "重大"): 1, (NOON, ""): 2, (NOON, "TRACE"): 3}, 1)

    assert [(bars.name, bars.tone, bars.total) for bars in chart.bars] == [
        ("TRACE", Tone.DEBUG, "3"),
        ("—", Tone.NONE, "2"),
        ("重大", Tone.NONE, "1"),
    ]


def test_the_last_bar_ends_with_the_range_and_each_bar_links_to_its_rows() -> None:
    chart = drawn({}, 2.5)

    assert [(row.label, row.address) for row in chart.rows] == [
        ("12:00:00–12:01:00", "/00:00-01:00"),
        ("12:01:00–12:02:00", "/01:00-02:00"),
        ("12:02:00–12:02:30", "/02:00-02:30"),
    ]
    assert (chart.title, list(chart.bars)) == ("0行", [])
