from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.objectives.periods import day_span, length, month_span, year_span
from toban.design.calendar import BusinessCalendar
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import read_design
from toban.engine.notify.planned import planned_spans

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
WINDOWS = read_design(
    """# 運用設計書

## 1. 運用方針

### サービス提供時間
- **メンテナンス**: 毎月第2日曜日 23:00-1:00 (計画メンテナンス)
""",
    "運用設計書.md",
).of(MaintenanceWindow)


def tokyo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=TOKYO)  # type: ignore[arg-type, misc]


def test_periods_begin_and_end_at_midnight_of_the_documents_zone() -> None:
    day = date(2026, 12, 31)

    assert day_span(day, TOKYO) == (tokyo(2026, 12, 31), tokyo(2027, 1, 1))
    assert month_span(day, TOKYO) == (tokyo(2026, 12, 1), tokyo(2027, 1, 1))
    assert year_span(day, TOKYO) == (tokyo(2026, 1, 1), tokyo(2027, 1, 1))


def test_a_leap_february_has_29_days() -> None:
    assert length(month_span(date(2028, 2, 10), TOKYO)) == timedelta(days=29)


def test_a_day_on_which_clocks_change_is_shorter() -> None:
    assert length(day_span(date(2026, 3, 29), BERLIN)) == timedelta(hours=23)
    assert length(day_span(date(2026, 10, 25), BERLIN)) == timedelta(hours=25)


def planned(span: tuple[datetime, datetime], *announced: tuple[datetime, datetime]) -> object:
    return planned_spans(WINDOWS, announced, span, zone=TOKYO, business=BusinessCalendar())


def test_a_window_over_midnight_belongs_to_both_days() -> None:
    # The second Sunday of April 2026 is the 12th.
    assert planned(day_span(date(2026, 4, 12), TOKYO)) == [(tokyo(2026, 4, 12, 23), tokyo(2026, 4, 13))]
    assert planned(day_span(date(2026, 4, 13), TOKYO)) == [(tokyo(2026, 4, 13), tokyo(2026, 4, 13, 1))]
    assert planned(day_span(date(2026, 4, 14), TOKYO)) == []


def test_announced_maintenance_is_added_to_the_documents_windows() -> None:
    announced = (tokyo(2026, 4, 12, 22), tokyo(2026, 4, 12, 23, 30))

    assert planned(day_span(date(2026, 4, 12), TOKYO), announced) == [
        (tokyo(2026, 4, 12, 22), tokyo(2026, 4, 13))
    ]
