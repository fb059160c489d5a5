"""The daily trend of an error, drawn."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from toban.faces.web.errors.trend import daily

TOKYO = ZoneInfo("Asia/Tokyo")


def test_each_day_has_a_slot_and_a_day_without_events_has_no_bar() -> None:
    chart = daily({date(2026, 4, 1): 3, date(2026, 4, 2): 0}, TOKYO)

    assert (chart.start, chart.end) == (
        datetime(2026, 4, 1, tzinfo=TOKYO),
        datetime(2026, 4, 3, tzinfo=TOKYO),
    )
    assert [(row.at.hour, row.label, row.cells) for row in chart.rows] == [
        (12, "4/1", ("3",)),
        (12, "4/2", ("0",)),
    ]
    assert [bars.values for bars in chart.bars] == [[3, None]]
